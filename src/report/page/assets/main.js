// The page: what is selected, what is shown, the keys.

const KEYS = [
  ["j k", "next, previous row"],
  ["n p", "next, previous deviation"],
  ["v", "violation"],
  ["e", "everything"],
  ["l", "lanes"],
  ["c", "compare"],
  ["d", "first difference"],
  ["/", "text"],
];

class Page {
  constructor(data) {
    this.data = data;
    this.failing = new RunModel(data.failing, "failing");
    this.passing = data.passing && new RunModel(data.passing, "passing");
    fitHead(this.passing ? [this.failing, this.passing] : [this.failing]);
    this.selection = new Selection();
    this.byTask = true;
    this.comparing = false;
    drawHeader(document.getElementById("header"), data);
    this.drawFrame(document.getElementById("run"));
    const actions = { select: (event) => this.select(this.failing, event), changed: () => this.refresh() };
    this.side = new Side(document.getElementById("side"), data, this.failing, this.selection, actions);
    this.details = new Details(
      document.getElementById("details"),
      (model, event) => this.select(model, event),
      (kind, name) => this.side.filterEntity(kind, name),
    );
    this.drawKeys();
    this.refresh();
    const named = /^#event-(\d+)$/.exec(location.hash);
    this.select(this.failing, Math.min(named ? Number(named[1]) : data.failure.event, this.failing.events.length - 1));
    addEventListener("keydown", (key) => this.key(key));
    addEventListener("resize", () => this.resize());
  }

  drawFrame(element) {
    const bar = make("div", "bar");
    const toggle = (id, text, action) => {
      const element = button("toggle", text, action);
      element.id = id;
      bar.append(element);
      return element;
    };
    this.everythingButton = toggle("everything", "Everything", () => this.toggleEverything());
    this.lanesButton = toggle("lanes", "Lanes by host", () => this.toggleLanes());
    this.compareButton = toggle("compare", "Compare with the passing run", () => this.toggleCompare());
    this.compareButton.disabled = !this.passing;
    if (!this.passing) {
      this.compareButton.title = "No single deviation decides this run, so there is no nearest passing run.";
    }
    toggle("violation", "Go to the violation", () => this.select(this.failing, this.data.failure.event));
    this.status = make("span", "status");
    this.status.setAttribute("role", "status");
    bar.append(this.status);
    this.scroller = make("div", "scroller");
    this.scroller.tabIndex = 0;
    this.sizer = make("div", "sizer");
    this.scroller.append(this.sizer);
    element.append(bar, this.scroller);
    this.scroller.addEventListener("scroll", () => this.draw());
    this.panes = [this.pane(this.failing)];
  }

  pane(model) {
    const element = make("section", `pane ${model.name}`);
    this.sizer.append(element);
    const pane = new Pane(
      model,
      element,
      (event) => this.select(model, event),
      (gap) => this.reveal(model, gap),
    );
    return pane;
  }

  // Makes the rows anew, and keeps the selected event where it is.
  refresh() {
    const pane = this.panes[0];
    const shown = this.offset();
    const lists = this.panes.map(({ model, revealed }) => rowsOf(model, this.selection, revealed));
    if (this.comparing) {
      const [here, there] = this.panes.map((pane, place) => {
        pane.difference = this.data.difference[place];
        return placesOf(pane.model, lists[place])[pane.difference];
      });
      align(lists[0], here, lists[1], there);
    } else {
      pane.difference = -1;
    }
    this.panes.forEach((pane, place) => pane.setRows(lists[place], this.byTask));
    const most = Math.max(...lists.map((list) => list.length));
    this.sizer.style.height = `${HEAD + (most + 1) * ROW}px`;
    this.resize();
    this.restore(shown);
    this.drawStatus();
    this.draw();
  }

  drawStatus() {
    const { rows, model } = this.panes[0];
    const shown = rows.filter((row) => row.event !== undefined).length;
    const left = model.run.left_out > 0 ? `; ${counted(model.run.left_out, "event")} left out of the page` : "";
    this.status.textContent = `${shown.toLocaleString("en")} of ${counted(model.events.length, "event")}${left}`;
    this.everythingButton.setAttribute("aria-pressed", String(this.selection.everything));
    this.lanesButton.setAttribute("aria-pressed", String(!this.panes[0].lanes.byTask));
    this.compareButton.setAttribute("aria-pressed", String(this.comparing));
  }

  resize() {
    for (const pane of this.panes) pane.resize();
    this.draw();
  }

  draw() {
    const top = this.scroller.scrollTop;
    for (const pane of this.panes) pane.draw(top, this.scroller.clientHeight - HEAD);
  }

  // How far below the top of the rows the selected event stands.
  offset() {
    const pane = this.selectedPane();
    if (!pane?.places) return undefined;
    return pane.places[pane.selected] * ROW - this.scroller.scrollTop;
  }

  restore(offset) {
    const pane = this.selectedPane();
    if (offset === undefined || !pane) return;
    this.scroller.scrollTop = pane.places[pane.selected] * ROW - offset;
  }

  selectedPane() {
    return this.panes.find((pane) => pane.selected >= 0);
  }

  select(model, event) {
    if (model === this.passing && !this.comparing) this.toggleCompare();
    const pane = this.panes.find((pane) => pane.model === model);
    if (pane.rows[pane.places[event]]?.event !== event) {
      pane.revealed.add(event);
      this.refresh();
    }
    for (const other of this.panes) other.select(other === pane ? event : -1);
    this.scrollTo(pane.places[event]);
    this.draw();
    this.details.select(model, event);
    this.side.mark(model === this.failing ? event : -1);
    history.replaceState(null, "", model === this.failing ? `#event-${event}` : "#");
  }

  scrollTo(place) {
    const height = this.scroller.clientHeight - HEAD;
    const y = place * ROW;
    const top = this.scroller.scrollTop;
    if (y < top + ROW || y > top + height - 2 * ROW) {
      this.scroller.scrollTop = Math.max(0, y - height * 0.6);
    }
  }

  reveal(model, [begin, end]) {
    const pane = this.panes.find((pane) => pane.model === model);
    for (let event = begin; event < end; event += 1) pane.revealed.add(event);
    this.refresh();
  }

  toggleEverything() {
    this.selection.everything = !this.selection.everything;
    for (const pane of this.panes) pane.revealed.clear();
    this.refresh();
    const pane = this.selectedPane();
    if (pane) this.scrollTo(pane.places[pane.selected]);
    this.draw();
  }

  toggleLanes() {
    this.byTask = !this.byTask;
    this.refresh();
  }

  toggleCompare() {
    if (!this.passing) return;
    this.comparing = !this.comparing;
    document.body.classList.toggle("comparing", this.comparing);
    if (this.comparing) {
      this.panes.push(this.pane(this.passing));
      this.panes[0].setTitle("fails");
      this.panes[1].setTitle("passes");
      this.panes.forEach((pane, place) => pane.revealed.add(this.data.difference[place]));
    } else {
      this.panes.pop().element.remove();
      this.panes[0].setTitle("");
    }
    this.refresh();
    if (this.comparing) this.select(this.failing, this.data.difference[0]);
    else if (!this.selectedPane()) this.select(this.failing, this.data.failure.event);
  }

  step(by) {
    const pane = this.selectedPane() ?? this.panes[0];
    let place = pane.places[pane.selected] + by;
    while (pane.rows[place] && pane.rows[place].event === undefined) place += by;
    if (pane.rows[place]) this.select(pane.model, pane.rows[place].event);
  }

  stepDeviation(by) {
    const events = this.data.deviations.map((deviation) => deviation.event);
    if (by < 0) events.reverse();
    const at = this.panes[0].selected;
    const next = events.find((event) => (event - at) * by > 0) ?? events[0];
    if (next !== undefined) this.select(this.failing, next);
  }

  key(key) {
    if (key.ctrlKey || key.metaKey || key.altKey) return;
    if (key.target.matches("select, input:not([type=checkbox])")) {
      if (key.key === "Escape") this.scroller.focus();
      return;
    }
    const actions = {
      j: () => this.step(1),
      ArrowDown: () => this.step(1),
      k: () => this.step(-1),
      ArrowUp: () => this.step(-1),
      n: () => this.stepDeviation(1),
      p: () => this.stepDeviation(-1),
      v: () => this.select(this.failing, this.data.failure.event),
      e: () => this.toggleEverything(),
      l: () => this.toggleLanes(),
      c: () => this.toggleCompare(),
      d: () => this.data.difference && this.select(this.failing, this.data.difference[0]),
      "/": () => this.side.words.focus(),
    };
    const action = actions[key.key];
    if (!action) return;
    key.preventDefault();
    action();
  }

  drawKeys() {
    const footer = document.getElementById("keys");
    for (const [key, meaning] of KEYS) {
      footer.append(make("kbd", "", key), make("span", "", meaning));
    }
    footer.append(make("span", "tool", this.data.tool));
  }
}

const page = new Page(JSON.parse(document.getElementById("data").textContent));
document.body.dataset.ready = String(page.failing.events.length);
