// The diagram beside the rows: a lane for each task, in the columns of its host; marks for
// events, arrows for what caused what, bars for locks, bands for faults.

const ROW = 20;
// The height of the names above the lanes: that of the longest one.
const HEAD_MAX = 124;
let HEAD = HEAD_MAX;
const LANE_MAX = 26;
const HOST_LANE_MAX = 64;
const TASK_LANES_MAX = 40;
// Rows to a bucket, in which the arrows and bars that cross them are found.
const BUCKET = 64;

// Tasks of one kind differ at the end of their names.
function shortened(name) {
  return name.length > 17 ? `${name.slice(0, 8)}…${name.slice(-8)}` : name;
}

// Makes the names of these runs as high as the longest of them, in both columns alike.
function fitHead(models) {
  let longest = 0;
  for (const model of models) {
    const names = [...model.run.tasks.map((task) => task.name), ...model.hosts];
    for (const name of names) longest = Math.max(longest, shortened(plain(name)).length);
  }
  HEAD = Math.min(HEAD_MAX, 30 + Math.ceil(longest * 6.6));
  document.documentElement.style.setProperty("--head", `${HEAD}px`);
}

class Lanes {
  constructor(model, rows, places, byTask) {
    this.model = model;
    this.rows = rows;
    this.places = places;
    const used = this.used();
    this.byTask = byTask && used.tasks.size <= TASK_LANES_MAX;
    this.list = this.byTask ? this.ofTasks(used) : this.ofHosts(used);
    this.laneOf = new Map(this.list.map((lane, place) => [lane.key, place]));
    this.findExtents();
    this.findLinks();
  }

  used() {
    const tasks = new Set();
    const hosts = new Set();
    for (const { event } of this.rows) {
      if (event === undefined) continue;
      const task = this.model.taskOf(event);
      const host = this.model.hostOf(event);
      if (task !== undefined) tasks.add(task);
      if (host !== undefined && task === undefined) hosts.add(host);
    }
    return { tasks, hosts };
  }

  ofTasks({ tasks, hosts }) {
    const lanes = [];
    this.model.hosts.forEach((name, host) => {
      if (hosts.has(host)) lanes.push({ key: `h${host}`, host, name: "network" });
      for (const task of [...tasks].sort((a, b) => a - b)) {
        if (this.model.run.tasks[task].host === host) {
          lanes.push({ key: `t${task}`, host, name: this.model.taskName(task), task });
        }
      }
    });
    return lanes;
  }

  ofHosts({ tasks, hosts }) {
    const all = new Set(hosts);
    for (const task of tasks) all.add(this.model.run.tasks[task].host);
    const list = [...all].sort((a, b) => a - b);
    return list.map((host) => ({ key: `h${host}`, host, name: this.model.hosts[host] }));
  }

  // The lane of an event, or -1.
  of(event) {
    const task = this.model.taskOf(event);
    const host = this.model.hostOf(event);
    const key = this.byTask && task !== undefined ? `t${task}` : `h${host}`;
    return this.laneOf.get(key) ?? -1;
  }

  x(lane) {
    return (lane + 0.5) * this.step;
  }

  // Sets the width, of which the lanes take what they need.
  fit(width) {
    const count = Math.max(1, this.list.length);
    this.step = Math.max(3, Math.min(this.byTask ? LANE_MAX : HOST_LANE_MAX, width / count));
    this.width = Math.ceil(this.step * count);
  }

  findExtents() {
    this.extents = this.list.map(() => [Infinity, -1]);
    this.rows.forEach(({ event }, row) => {
      if (event === undefined) return;
      const extent = this.extents[this.of(event)];
      if (!extent) return;
      extent[0] = Math.min(extent[0], row);
      extent[1] = row;
    });
  }

  // Puts arrows and bars into the buckets of the rows that they cross.
  findLinks() {
    this.buckets = new Map();
    const add = (link) => {
      for (let at = Math.floor(link.from / BUCKET); at <= Math.floor(link.to / BUCKET); at += 1) {
        if (!this.buckets.has(at)) this.buckets.set(at, []);
        this.buckets.get(at).push(link);
      }
    };
    this.rows.forEach(({ event }, row) => {
      if (event === undefined) return;
      for (const cause of this.model.causes(event)) {
        const from = this.places[cause];
        if (this.rows[from]?.event !== cause) continue;
        const [a, b] = [this.of(cause), this.of(event)];
        if (a < 0 || b < 0 || a === b) continue;
        add({ kind: this.linkKind(cause, event), from, to: row, a, b, cause, event });
      }
    });
    if (this.byTask) {
      for (const span of this.model.lockSpans()) {
        const [from, to] = [this.places[span.from], this.places[span.to]];
        const lane = this.laneOf.get(`t${span.task}`);
        if (lane !== undefined && from < to) {
          add({ kind: span.waits ? "waits" : "holds", from, to, a: lane, b: lane });
        }
      }
    }
    for (const fault of this.model.run.faults) {
      const from = this.places[fault.from];
      const to = fault.to === null ? this.rows.length - 1 : this.places[fault.to];
      add({ kind: "band", from, to, name: fault.name });
    }
  }

  linkKind(cause, event) {
    const kinds = [this.model.events[cause].kind, this.model.events[event].kind];
    if (kinds[0] === "history" && kinds[1] === "history") return "message";
    if (kinds[0] === "packet") return "packet";
    if (kinds.includes("failure") || kinds.includes("deviation")) return "leads";
    return "wake";
  }

  linksIn(first, last) {
    const found = new Set();
    for (let at = Math.floor(first / BUCKET); at <= Math.floor(last / BUCKET); at += 1) {
      for (const link of this.buckets.get(at) ?? []) {
        if (link.to >= first && link.from <= last) found.add(link);
      }
    }
    return found;
  }

  // Draws the rows `first..=last`; y counts from the first of them.
  draw(svg, first, last, selected) {
    const parts = [];
    const y = (row) => (row - first + 0.5) * ROW;
    const height = (last - first + 1) * ROW;
    let host = -1;
    let shaded = false;
    this.list.forEach((lane, place) => {
      if (lane.host !== host) {
        host = lane.host;
        shaded = !shaded;
      }
      if (shaded) {
        const x = place * this.step;
        parts.push(shape("rect", { class: "shade", x, y: 0, width: this.step, height }));
      }
    });
    const links = [...this.linksIn(first, last)];
    for (const link of links.filter((link) => link.kind === "band")) {
      const top = Math.max(0, y(link.from));
      const bottom = Math.min(height, y(link.to));
      parts.push(shape("rect", { class: "band", x: 0, y: top, width: this.width, height: Math.max(2, bottom - top) }));
    }
    this.list.forEach((_, lane) => {
      const [from, to] = this.extents[lane];
      if (to < first || from > last) return;
      const x = this.x(lane);
      const [y1, y2] = [Math.max(0, y(from)), Math.min(height, y(to))];
      parts.push(shape("line", { class: "lane", x1: x, x2: x, y1, y2 }));
    });
    for (const link of links) this.drawLink(parts, link, y, selected);
    for (let row = first; row <= last; row += 1) {
      const event = this.rows[row]?.event;
      if (event !== undefined) this.drawMark(parts, event, y(row));
    }
    svg.replaceChildren(...parts);
  }

  drawLink(parts, link, y, selected) {
    if (link.kind === "band") return;
    const [x1, x2] = [this.x(link.a), this.x(link.b)];
    const [y1, y2] = [y(link.from), y(link.to)];
    if (link.a === link.b) {
      parts.push(shape("line", { class: link.kind, x1, x2, y1, y2 }));
      return;
    }
    const picked = link.event === selected || link.cause === selected;
    const group = shape("g", { class: `link ${link.kind}${picked ? " picked" : ""}` });
    group.append(shape("line", { x1, y1, x2, y2 }));
    const angle = Math.atan2(y2 - y1, x2 - x1);
    const back = (turn) => {
      const size = 6;
      return `${x2 - size * Math.cos(angle + turn)},${y2 - size * Math.sin(angle + turn)}`;
    };
    group.append(shape("polygon", { points: `${x2},${y2} ${back(0.45)} ${back(-0.45)}` }));
    parts.push(group);
  }

  drawMark(parts, event, y) {
    const { kind } = this.model.events[event];
    const lane = this.of(event);
    if (kind === "failure" || kind === "deviation") {
      parts.push(shape("line", { class: `across ${kind}`, x1: 0, x2: this.width, y1: y, y2: y }));
    }
    if (lane < 0 && kind !== "failure") return;
    const x = lane < 0 ? this.width / 2 : this.x(lane);
    parts.push(shape("path", { class: `mark ${kind}`, d: MARKS[kind](x, y) }));
  }

  // Draws the names of hosts and tasks above the lanes.
  drawHead(svg) {
    const parts = [];
    const text = (x, y, name, attributes) => {
      const element = shape("text", { x, y, ...attributes });
      addText(element, name);
      const title = shape("title", {});
      title.textContent = plain(name);
      element.append(title);
      return element;
    };
    const short = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);
    let begin = 0;
    this.list.forEach((lane, place) => {
      const x = this.x(place);
      if (this.step >= 9) {
        const turn = `rotate(-90 ${x + 4} ${HEAD - 6})`;
        parts.push(text(x + 4, HEAD - 6, shortened(plain(lane.name)), { class: "task", transform: turn }));
      }
      const next = this.list[place + 1];
      if (this.byTask && next?.host !== lane.host) {
        const width = (place + 1 - begin) * this.step;
        const name = plain(this.model.hosts[lane.host]);
        const most = Math.floor((width - 4) / 6.2);
        if (most >= 2) parts.push(text(begin * this.step + 3, 12, short(name, most), { class: "host" }));
        const [x1, x2] = [begin * this.step + 1, begin * this.step + width - 1];
        parts.push(shape("line", { class: "host", x1, x2, y1: 17, y2: 17 }));
        begin = place + 1;
      }
    });
    svg.replaceChildren(...parts);
  }
}

// The shapes of marks; they differ by outline, not by colour alone.
const disc = (r) => (x, y) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
const MARKS = {
  poll: (x, y) => `M${x - 3} ${y}h6`,
  spawn: (x, y) => `M${x - 4} ${y}h8M${x} ${y - 4}v8`,
  end: (x, y) => `M${x - 5} ${y}h10M${x - 3} ${y + 3}h6`,
  packet: (x, y) => `M${x - 4} ${y - 4}L${x + 4} ${y}L${x - 4} ${y + 4}z`,
  arrival: (x, y) => `M${x + 4} ${y - 4}L${x - 4} ${y}L${x + 4} ${y + 4}z`,
  lock: (x, y) => `M${x - 3.5} ${y - 3.5}h7v7h-7z`,
  fault: (x, y) => `M${x} ${y - 6}L${x + 5} ${y + 4}H${x - 5}z`,
  note: disc(3),
  history: disc(4),
  deviation: (x, y) => `M${x} ${y - 6}L${x + 6} ${y}L${x} ${y + 6}L${x - 6} ${y}z`,
  failure: (x, y) => `M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x + 5} ${y - 5}L${x - 5} ${y + 5}`,
};
