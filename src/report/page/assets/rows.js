// The rows of a pane: the events that are shown, and between them what is not.

// The shortest stretch of virtual time without an event that is marked, in microseconds.
const IDLE = 1000;

// The choice of events that are shown. Deviations and the failure always are.
class Selection {
  constructor() {
    this.everything = false;
    this.hiddenKinds = new Set();
    this.host = "";
    this.task = "";
    this.entities = new Map();
    this.words = "";
  }

  isFiltered() {
    return (
      this.hiddenKinds.size > 0 ||
      this.host !== "" ||
      this.task !== "" ||
      this.words !== "" ||
      this.entities.size > 0
    );
  }

  shows(model, number) {
    const event = model.events[number];
    if (event.kind === "failure" || event.kind === "deviation") return true;
    if (!this.everything && !event.matters) return false;
    if (this.hiddenKinds.has(model.label(number))) return false;
    if (this.host !== "" && model.hosts[model.hostOf(number)] !== this.host) return false;
    if (this.task !== "" && (event.task === undefined || model.taskName(event.task) !== this.task))
      return false;
    for (const [kind, name] of this.entities) {
      const is = (at) => model.run.entities[at].kind === kind && model.run.entities[at].name === name;
      if (!(event.about ?? []).some(is)) return false;
    }
    return this.words === "" || model.haystack(number).includes(this.words);
  }
}

// Returns the rows of a run: `{event, before}` for one that is shown, with the stretch of events
// before it that are not; `{gap, hidden, idle}` for a stretch in which time passes, and for what
// comes after the last row. `revealed` are events that are shown whatever the selection is.
function rowsOf(model, selection, revealed) {
  const rows = [];
  let begin = 0;
  // Returns the stretch before an event, if it has no row of its own.
  const gap = (end) => {
    const before = begin > 0 ? model.events[begin - 1].at : 0;
    const idle = end < model.events.length ? Math.max(0, model.events[end].at - before) : 0;
    const isLast = end === model.events.length && end > begin;
    if (idle < IDLE && !isLast) return end > begin ? [begin, end] : undefined;
    rows.push({ gap: [begin, end], hidden: end - begin, idle });
    return undefined;
  };
  for (let number = 0; number < model.events.length; number += 1) {
    if (!revealed.has(number) && !selection.shows(model, number)) continue;
    const before = gap(number);
    rows.push({ event: number, before });
    begin = number + 1;
  }
  gap(model.events.length);
  return rows;
}

// Returns for each event the row at which it stands or, if it is not shown, would stand.
function placesOf(model, rows) {
  const places = new Int32Array(model.events.length);
  let next = 0;
  rows.forEach((row, place) => {
    const end = row.event !== undefined ? row.event + 1 : row.gap ? row.gap[1] : next;
    for (; next < end; next += 1) places[next] = place;
  });
  places.fill(Math.max(0, rows.length - 1), next);
  return places;
}

// Pads two lists of rows with blank ones, so that two rows stand side by side.
function align(rows, place, others, otherPlace) {
  const blank = (count) => Array.from({ length: count }, () => ({ blank: true }));
  if (place < otherPlace) rows.splice(place, 0, ...blank(otherPlace - place));
  if (otherPlace < place) others.splice(otherPlace, 0, ...blank(place - otherPlace));
}
