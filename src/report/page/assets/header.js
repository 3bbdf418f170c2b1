// The top of the page: the claim, the rule that is broken, its witness, the line that replays it.

function drawHeader(element, data) {
  const { target, failure } = data;
  document.title = plain(`${failure.verdict}: ${target.name}`);
  const first = make("div", "line");
  first.append(
    make("b", "verdict", failure.verdict.toUpperCase()),
    make("h1", "", target.name),
    make("span", "claim", target.claim ?? ""),
  );
  element.append(first);
  element.append(make("p", "broken", failure.message));
  const rule = make("p", "rule");
  rule.append(make("code", "", `${failure.detector}/${failure.rule}`));
  if (failure.claim) rule.append(make("span", "", failure.claim));
  if (failure.witness.length > 0) {
    rule.append(make("span", "witness-word", "shown by"));
    for (const name of failure.witness.slice(0, 8)) rule.append(make("span", "witness", name));
  }
  if (target.defect) rule.append(make("span", "defect", `carries the defect ${target.defect}`));
  element.append(rule);
  const last = make("div", "line foot");
  const replay = data.commands.find((command) => command.name === "replay");
  if (replay) {
    const line = make("code", "replay", replay.line);
    last.append(make("span", "hint", "Replay"), line, button("copy", "Copy", () => copy(line)));
  }
  const facts = [...data.size, `seed ${target.seed}, ${target.strategy}`];
  const size = make("span", "size", facts.join(" · "));
  size.title = plain(facts.join("\n"));
  last.append(size);
  element.append(last);
}

// Copies the text of an element or, where the browser refuses, selects it.
function copy(element) {
  const select = () => getSelection().selectAllChildren(element);
  if (!navigator.clipboard) {
    select();
    return;
  }
  navigator.clipboard.writeText(element.textContent).catch(select);
}
