// What there is to say about the selected event: its causes and effects, the locks at that
// moment, the history of the agents.

const LINKS_MAX = 60;

class Details {
  constructor(element, onSelect, onEntity) {
    this.element = element;
    this.onSelect = onSelect;
    this.onEntity = onEntity;
    this.tab = "event";
    const tabs = make("div", "tabs");
    tabs.setAttribute("role", "tablist");
    this.buttons = new Map();
    for (const [name, text] of [["event", "Event"], ["locks", "Locks"], ["history", "History"]]) {
      const tab = button("tab", text, () => this.show(name));
      tab.id = `tab-${name}`;
      tab.setAttribute("role", "tab");
      this.buttons.set(name, tab);
      tabs.append(tab);
    }
    this.body = make("div", "body");
    this.body.setAttribute("role", "tabpanel");
    element.append(tabs, this.body);
    this.body.addEventListener("scroll", () => this.list?.draw());
  }

  show(name) {
    this.tab = name;
    this.draw();
  }

  select(model, number) {
    this.model = model;
    this.number = number;
    this.draw();
  }

  draw() {
    for (const [name, tab] of this.buttons) tab.setAttribute("aria-selected", String(name === this.tab));
    this.list = undefined;
    this.body.replaceChildren();
    if (!this.model) return;
    if (this.tab === "history") this.drawHistory();
    else if (this.number < 0) this.body.append(make("p", "hint", "Select an event."));
    else if (this.tab === "locks") this.drawLocks();
    else this.drawEvent();
  }

  drawEvent() {
    const { model, number } = this;
    const event = model.events[number];
    this.body.append(make("h2", event.kind, model.label(number)));
    const facts = make("dl", "facts");
    const fact = (name, value) => {
      if (value === undefined || value === "") return;
      facts.append(make("dt", "", name), make("dd", "", value));
    };
    fact("time", `${timeText(event.at)} s`);
    fact("step", event.step.toLocaleString("en"));
    const task = model.taskOf(number);
    const host = model.hostOf(number);
    fact("task", task === undefined ? "" : model.taskName(task));
    fact("host", host === undefined ? "" : model.hosts[host]);
    fact("spawned", task === undefined ? "" : model.run.tasks[task].spawned_at);
    if (event.lock) fact("lock", `${model.run.locks[event.lock[0]].name}, made at ${model.run.locks[event.lock[0]].created_at}`);
    this.body.append(facts);
    if (event.text || event.lock) this.body.append(make("p", "message", event.lock ? model.what(number) : event.text));
    this.drawEntities(event.about ?? []);
    this.drawLinks("causes", "Causes", model.causes(number), "It has no recorded cause: a timer, or the start of the run.");
    this.drawLinks("effects", "Effects", model.effects[number], "Nothing recorded follows from it.");
  }

  drawEntities(about) {
    if (about.length === 0) return;
    const list = make("p", "entities");
    for (const at of about) {
      const { kind, name } = this.model.run.entities[at];
      const chip = button("chip", name, () => this.onEntity(kind, name));
      chip.title = `Show only events of this ${plain(kind)}`;
      list.append(chip);
    }
    this.body.append(list);
  }

  drawLinks(id, title, numbers, none) {
    this.body.append(make("h3", "", numbers.length > 0 ? `${title} (${numbers.length})` : title));
    if (numbers.length === 0) {
      this.body.append(make("p", "hint", none));
      return;
    }
    const list = make("ul", "links");
    list.id = id;
    for (const number of numbers.slice(0, LINKS_MAX)) {
      const item = make("li");
      const link = button("link", "", () => this.onSelect(this.model, number));
      link.dataset.event = number;
      link.append(
        make("span", "time", timeText(this.model.events[number].at)),
        make("span", "who", this.model.who(number)),
        make("span", "label", this.model.label(number)),
        make("span", "what", this.model.what(number)),
      );
      item.append(link);
      list.append(item);
    }
    this.body.append(list);
    if (numbers.length > LINKS_MAX) this.body.append(make("p", "hint", `and ${numbers.length - LINKS_MAX} more`));
  }

  drawLocks() {
    const locks = this.model.locksAt(this.number);
    this.body.append(make("h2", "", "Locks after this event"));
    if (locks.length === 0) {
      this.body.append(make("p", "hint", "No task holds a lock or waits for one."));
      return;
    }
    for (const [lock, { holders, waiters }] of locks) {
      const { name, created_at: place } = this.model.run.locks[lock];
      const entry = make("section", "lock-state");
      entry.append(make("h3", "", name), make("p", "hint", `made at ${place}`));
      const names = (tasks) => tasks.map((task) => this.model.taskName(task)).join(", ") || "no task";
      const facts = make("dl", "facts");
      facts.append(make("dt", "", "held by"), make("dd", "holders", names(holders)));
      facts.append(make("dt", "", "waiting"), make("dd", "waiters", names(waiters)));
      entry.append(facts);
      this.body.append(entry);
    }
  }

  drawHistory() {
    const numbers = [];
    this.model.events.forEach((event, number) => {
      if (event.kind === "history" || event.kind === "failure") numbers.push(number);
    });
    if (numbers.length === 0) {
      this.body.append(make("p", "hint", "The run records no history."));
      return;
    }
    this.list = new HistoryList(this.body, this.model, numbers, this.number, (number) =>
      this.onSelect(this.model, number),
    );
    this.list.show();
  }
}

// The entries of a history, of which those in sight are drawn.
class HistoryList {
  constructor(body, model, numbers, selected, onSelect) {
    Object.assign(this, { body, model, numbers, selected, onSelect });
    this.sizer = make("div", "timeline");
    this.sizer.style.height = `${numbers.length * 2 * ROW}px`;
    body.append(this.sizer);
  }

  show() {
    const place = this.numbers.findIndex((number) => number >= this.selected);
    this.body.scrollTop = Math.max(0, place * 2 * ROW - this.body.clientHeight / 2);
    this.draw();
  }

  draw() {
    const size = 2 * ROW;
    const first = Math.max(0, Math.floor(this.body.scrollTop / size) - 4);
    const last = Math.min(this.numbers.length - 1, first + Math.ceil(this.body.clientHeight / size) + 8);
    const entries = [];
    for (let place = first; place <= last; place += 1) {
      const number = this.numbers[place];
      const entry = button("entry", "", () => this.onSelect(number));
      entry.style.top = `${place * size}px`;
      if (number === this.selected) entry.classList.add("selected");
      if (this.model.events[number].kind === "failure") entry.classList.add("failure");
      entry.append(
        make("span", "time", timeText(this.model.events[number].at)),
        make("span", "who", this.model.who(number)),
        make("span", "label", this.model.label(number)),
        make("span", "what", this.model.what(number)),
      );
      entries.push(entry);
    }
    this.sizer.replaceChildren(...entries);
  }
}
