// A run of the document, with what follows from it: effects, lanes, holders of locks.

const LOCK_WORDS = {
  waits: "waits for",
  "waits-no-more": "waits no more for",
  acquires: "acquires",
  releases: "releases",
};

class RunModel {
  constructor(run, name) {
    this.run = run;
    this.name = name;
    this.events = run.events;
    this.effects = run.events.map(() => []);
    run.events.forEach((event, number) => {
      for (const cause of event.causes ?? []) this.effects[cause].push(number);
    });
    this.failure = run.events.findIndex((event) => event.kind === "failure");
    this.hosts = run.hosts;
  }

  causes(number) {
    return this.events[number].causes ?? [];
  }

  taskName(task) {
    return this.run.tasks[task]?.name ?? `task ${task}`;
  }

  // The task whose lane an event is drawn on. A deviation is drawn where it takes effect.
  taskOf(number) {
    const event = this.events[number];
    if (event.kind !== "deviation") return event.task;
    const next = this.effects[number].find((effect) => this.events[effect].task !== undefined);
    return next === undefined ? undefined : this.events[next].task;
  }

  hostOf(number) {
    const event = this.events[number];
    const task = this.taskOf(number);
    return event.host ?? (task === undefined ? undefined : this.run.tasks[task]?.host);
  }

  // Who an event is the doing of, in a word.
  who(number) {
    const task = this.taskOf(number);
    if (task !== undefined) return this.taskName(task);
    const host = this.hostOf(number);
    return host === undefined ? "" : this.hosts[host];
  }

  what(number) {
    const event = this.events[number];
    if (event.lock) return `${LOCK_WORDS[event.lock[1]]} ${this.run.locks[event.lock[0]].name}`;
    const first = event.kind === "failure" ? event.text.split("\n")[0] : event.text ?? "";
    return first;
  }

  label(number) {
    const event = this.events[number];
    return event.label || event.kind;
  }

  // Everything that can be searched for in an event, in lower case.
  haystack(number) {
    this.haystacks ??= new Array(this.events.length);
    return (this.haystacks[number] ??=
      `${this.label(number)} ${this.who(number)} ${this.what(number)}`.toLowerCase());
  }

  // The events that an event follows from, or that follow from it, however far.
  closure(number, next) {
    const found = new Set();
    const open = [number];
    while (open.length > 0) {
      for (const other of next(open.pop())) {
        if (!found.has(other)) {
          found.add(other);
          open.push(other);
        }
      }
    }
    return found;
  }

  // The locks that are held or waited for just after an event.
  locksAt(number) {
    const locks = new Map();
    const of = (lock) => {
      if (!locks.has(lock)) locks.set(lock, { holders: [], waiters: [] });
      return locks.get(lock);
    };
    const remove = (list, task) => {
      const place = list.indexOf(task);
      if (place >= 0) list.splice(place, 1);
    };
    for (let at = 0; at <= number; at += 1) {
      const event = this.events[at];
      if (event.kind === "end") {
        for (const { waiters } of locks.values()) remove(waiters, event.task);
      }
      if (!event.lock) continue;
      const { holders, waiters } = of(event.lock[0]);
      const step = event.lock[1];
      if (step === "acquires") holders.push(event.task);
      if (step === "releases") remove(holders, event.task);
      if (step === "waits") waiters.push(event.task);
      if (step === "waits-no-more") remove(waiters, event.task);
    }
    return [...locks].filter(([, { holders, waiters }]) => holders.length + waiters.length > 0);
  }

  // The stretches of events in which a task holds a lock, or waits for one.
  lockSpans() {
    if (this.spans) return this.spans;
    const open = new Map();
    const spans = [];
    const begin = (key, span) => {
      const list = open.get(key) ?? [];
      list.push(span);
      open.set(key, list);
    };
    const end = (key, at) => {
      const span = open.get(key)?.pop();
      if (span) spans.push({ ...span, to: at });
    };
    this.events.forEach((event, at) => {
      if (!event.lock) return;
      const [lock, step] = event.lock;
      const waits = step.startsWith("waits");
      const key = `${waits} ${lock} ${event.task}`;
      if (step === "waits" || step === "acquires") {
        begin(key, { lock, task: event.task, waits, from: at });
      } else {
        end(key, at);
      }
    });
    for (const list of open.values()) {
      for (const span of list) spans.push({ ...span, to: this.events.length - 1 });
    }
    this.spans = spans;
    return spans;
  }
}
