// The list of deviations, and the filters.

// Names in a list to choose from, at most.
const OPTIONS_MAX = 400;

class Side {
  constructor(element, data, model, selection, actions) {
    Object.assign(this, { element, data, model, selection, actions });
    this.selects = new Map();
    this.drawDeviations();
    this.drawFilters();
  }

  drawDeviations() {
    const { deviations } = this.data;
    this.element.append(make("h2", "", counted(deviations.length, "deviation")));
    if (deviations.length === 0) {
      this.element.append(make("p", "hint", "None is needed: the default schedule fails."));
      return;
    }
    const list = make("ol", "deviations");
    this.deviations = deviations.map((deviation) => {
      const item = make("li");
      const entry = button("choice-of-run", "", () => this.actions.select(deviation.event));
      if (deviation.decisive) entry.classList.add("decisive");
      entry.append(make("span", "what", deviation.text));
      if (deviation.choice !== deviation.text) entry.append(make("span", "choice", deviation.choice));
      if (deviation.without) {
        const text = deviation.without === "pass" ? "without it the run passes" : `without it: ${deviation.without}`;
        entry.append(make("span", "without", text));
      }
      item.append(entry);
      list.append(item);
      return entry;
    });
    this.element.append(list);
  }

  drawFilters() {
    this.element.append(make("h2", "", "Filters"));
    const words = make("input", "words");
    words.type = "search";
    words.id = "words";
    words.placeholder = "Text (/)";
    words.setAttribute("aria-label", "Show only events with this text");
    words.addEventListener("input", () => {
      this.selection.words = words.value.toLowerCase();
      this.actions.changed();
    });
    this.words = words;
    this.element.append(words);
    this.select("host", "All hosts", this.model.hosts, (value) => (this.selection.host = value));
    const tasks = [...new Set(this.model.run.tasks.map((task) => task.name))];
    this.select("task", "All tasks", tasks, (value) => (this.selection.task = value));
    const kinds = new Map();
    for (const { kind, name } of this.model.run.entities) {
      if (!kinds.has(kind)) kinds.set(kind, new Set());
      kinds.get(kind).add(name);
    }
    for (const [kind, names] of kinds) {
      this.select(kind, `Any ${kind}`, [...names], (value) => {
        if (value === "") this.selection.entities.delete(kind);
        else this.selection.entities.set(kind, value);
      }, `entity-${kind}`);
    }
    this.drawKinds();
    this.element.append(button("clear", "Clear filters", () => this.clear()));
  }

  // Adds a list to choose a name from; of very many names, a field to type one into.
  select(name, all, values, set, id = name) {
    const select = make(values.length > OPTIONS_MAX ? "input" : "select");
    select.id = `filter-${id}`;
    select.setAttribute("aria-label", `Show only events of this ${plain(name)}`);
    if (values.length > OPTIONS_MAX) {
      select.type = "search";
      select.placeholder = `${all} of ${values.length.toLocaleString("en")}: a name`;
    } else {
      const option = (value, text) => {
        const element = make("option");
        element.value = value;
        element.textContent = plain(text);
        return element;
      };
      select.append(option("", all), ...values.map((value) => option(value, value)));
    }
    select.addEventListener("change", () => {
      set(select.value);
      this.actions.changed();
    });
    this.selects.set(id, select);
    this.element.append(select);
  }

  drawKinds() {
    const counts = new Map();
    this.model.events.forEach((event, number) => {
      if (event.kind === "failure" || event.kind === "deviation") return;
      const label = this.model.label(number);
      counts.set(label, (counts.get(label) ?? 0) + 1);
    });
    const box = make("fieldset", "kinds");
    box.append(make("legend", "", "Kinds"));
    this.kinds = [];
    for (const [label, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const line = make("label");
      const check = make("input");
      check.type = "checkbox";
      check.checked = true;
      check.dataset.kind = label;
      check.addEventListener("change", () => {
        if (check.checked) this.selection.hiddenKinds.delete(label);
        else this.selection.hiddenKinds.add(label);
        this.actions.changed();
      });
      line.append(check, make("span", "", label), make("span", "count", count.toLocaleString("en")));
      this.kinds.push(check);
      box.append(line);
    }
    this.element.append(box);
  }

  // Shows only what speaks of an entity.
  filterEntity(kind, name) {
    this.selection.entities.set(kind, name);
    this.selects.get(`entity-${kind}`).value = name;
    this.actions.changed();
  }

  clear() {
    this.selection.host = "";
    this.selection.task = "";
    this.selection.words = "";
    this.selection.entities.clear();
    this.selection.hiddenKinds.clear();
    for (const select of this.selects.values()) select.value = "";
    for (const check of this.kinds) check.checked = true;
    this.words.value = "";
    this.actions.changed();
  }

  mark(event) {
    this.data.deviations.forEach((deviation, place) => {
      this.deviations[place].setAttribute("aria-current", String(deviation.event === event));
    });
  }
}
