// A run as rows beside its lanes. Only the rows that are in sight, and a few more, are drawn.

const OVERSCAN = 12;

class Pane {
  constructor(model, element, onSelect, onReveal) {
    this.model = model;
    this.element = element;
    this.onSelect = onSelect;
    this.onReveal = onReveal;
    this.revealed = new Set();
    this.selected = -1;
    this.difference = -1;
    this.head = make("div", "head");
    this.headLanes = shape("svg", { class: "names", height: HEAD, "aria-hidden": "true" });
    this.title = make("div", "title");
    this.head.append(this.headLanes, this.title);
    this.layer = make("div", "layer");
    this.svg = shape("svg", { class: "lanes", "aria-hidden": "true" });
    this.list = make("div", "rows");
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", `Events of the ${model.name} run`);
    this.layer.append(this.svg, this.list);
    element.append(this.head, this.layer);
    this.list.addEventListener("click", (click) => {
      const row = click.target.closest("[data-row]");
      if (row) this.clicked(Number(row.dataset.row), click.target.closest(".more"));
    });
  }

  setRows(rows, byTask) {
    this.rows = rows;
    this.places = placesOf(this.model, rows);
    this.lanes = new Lanes(this.model, rows, this.places, byTask);
    this.drawn = undefined;
  }

  resize() {
    const width = this.element.clientWidth;
    this.lanes.fit(width * (width < 640 ? 0.34 : 0.42));
    this.element.style.setProperty("--lanes", `${this.lanes.width}px`);
    this.headLanes.setAttribute("width", this.lanes.width);
    this.svg.setAttribute("width", this.lanes.width);
    this.lanes.drawHead(this.headLanes);
    this.drawn = undefined;
  }

  setTitle(text) {
    this.title.replaceChildren();
    addText(this.title, text);
  }

  clicked(place, more) {
    const row = this.rows[place];
    if (row.event !== undefined && !more) this.onSelect(row.event);
    else if (row.event !== undefined) this.onReveal(row.before);
    else if (row.hidden > 0) this.onReveal(row.gap);
  }

  select(event) {
    this.selected = event;
    const exists = event >= 0;
    this.before = exists ? this.model.closure(event, (at) => this.model.causes(at)) : new Set();
    this.after = exists ? this.model.closure(event, (at) => this.model.effects[at]) : new Set();
    this.drawn = undefined;
  }

  // Draws the rows in sight, unless they are drawn already.
  draw(top, height) {
    const last = this.rows.length - 1;
    const from = Math.max(0, Math.floor(top / ROW));
    const to = Math.min(last, Math.ceil((top + height) / ROW));
    if (this.drawn && this.drawn[0] <= from && this.drawn[1] >= to) return;
    const first = Math.max(0, from - OVERSCAN);
    const end = Math.min(last, to + OVERSCAN);
    this.drawn = [first, end];
    this.layer.style.transform = `translateY(${first * ROW}px)`;
    this.svg.setAttribute("height", Math.max(0, (end - first + 1) * ROW));
    const elements = [];
    for (let place = first; place <= end; place += 1) elements.push(this.row(place));
    this.list.replaceChildren(...elements);
    this.lanes.draw(this.svg, first, end, this.selected);
  }

  row(place) {
    const row = this.rows[place];
    if (row.blank) return make("div", "row blank");
    if (row.event === undefined) return this.gapRow(row, place);
    const number = row.event;
    const event = this.model.events[number];
    const element = make("div", `row ${event.kind}`);
    element.dataset.row = place;
    element.dataset.event = number;
    element.setAttribute("role", "option");
    element.setAttribute("aria-selected", String(number === this.selected));
    if (number === this.selected) element.classList.add("selected");
    if (this.before?.has(number)) element.classList.add("before");
    if (this.after?.has(number)) element.classList.add("after");
    if (number === this.difference) element.classList.add("difference");
    const direct = this.selected >= 0 && this.model.causes(this.selected).includes(number);
    if (direct || this.model.causes(number).includes(this.selected)) element.classList.add("direct");
    const text = make("span", "text");
    if (number === this.difference) text.append(make("b", "tag", "≠ first difference"));
    // The text of a deviation begins with its task.
    const who = event.kind === "deviation" ? "" : this.model.who(number);
    if (who) text.append(make("span", "who", who));
    text.append(
      make("span", "label", this.model.label(number)),
      make("span", "what", this.model.what(number)),
    );
    const above = this.rows[place - 1]?.event;
    const same = above !== undefined && this.model.events[above].at === event.at;
    const time = make("span", same ? "time same" : "time", timeText(event.at));
    element.append(time, make("span", "space"), text);
    if (row.before) {
      const count = row.before[1] - row.before[0];
      const more = make("span", "more", `+${count}`);
      more.title = `Show ${counted(count, "event")} before this one`;
      element.append(more);
    }
    return element;
  }

  gapRow(row, place) {
    const element = make("div", "row gap");
    element.dataset.row = place;
    const parts = [];
    if (row.idle >= IDLE) parts.push(row.hidden > 0 ? durationText(row.idle) : `${durationText(row.idle)} without an event`);
    if (row.hidden > 0) parts.push(counted(row.hidden, "more event"));
    const text = make("span", "text");
    text.append(make("span", "what", `⋯ ${parts.join(", ")}`));
    if (row.hidden > 0) element.classList.add("opens");
    element.append(make("span", "time"), make("span", "space"), text);
    return element;
  }
}
