/* What keeps somebody out of a page: evaluated there by reach.py with axe beside it. Gives back a list of sentences. */
async ([rules, extra, touch]) => {
  const wrong = [];
  const name = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 110);
  const all = (selector) => [...document.querySelectorAll(selector)];

  for (const folded of all("main details")) folded.open = true;

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const out = all("main *").filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1);
    wrong.push(`scrolls sideways: ${out.slice(0, 2).map(name).join(" · ")}`);
  }
  if (all("main").length !== 1) wrong.push("has not one main part");

  for (const element of all("*")) {
    const style = getComputedStyle(element);
    const moves = style.animationName !== "none" && parseFloat(style.animationDuration) > 0.01;
    if (moves) wrong.push(`moves: ${name(element)}`);
    const turned = style.display.includes("flex") && style.flexDirection.endsWith("reverse");
    if (turned) wrong.push(`is read in another order: ${name(element)}`);
  }

  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const PRESSED = "button:not(.link), .button, summary, select, input:not([type=checkbox], [type=radio])";
  const reached = all(CONTROLS).filter(
    (element) =>
      !element.disabled &&
      element.tabIndex >= 0 &&
      !element.closest("[inert]") &&
      element.checkVisibility({ visibilityProperty: true }),
  );
  if (all(".skip-link").length && reached[0] !== all(".skip-link")[0]) wrong.push("begins before the skip link");
  for (const element of reached) {
    element.focus();
    if (document.activeElement !== element) {
      wrong.push(`takes no focus: ${name(element)}`);
      continue;
    }
    const around = [element, element.closest("label"), element.nextElementSibling].filter((each) => each);
    const marked = around.some((each) => {
      const style = getComputedStyle(each);
      return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    });
    if (!marked) wrong.push(`shows no focus: ${name(element)}`);
    const { height } = (element.closest("label") ?? element).getBoundingClientRect();
    if (element.matches(PRESSED) && height < touch - 0.5) wrong.push(`${Math.round(height)} px high: ${name(element)}`);
  }
  document.activeElement?.blur();

  for (const loud of all("[role=status], [role=alert], [aria-live]"))
    if (loud.querySelector("input:not([type=hidden]), select, textarea")) wrong.push(`is read aloud while one types: ${name(loud)}`);

  const asked = { ...rules, resultTypes: ["violations"], rules: Object.fromEntries(extra.map((id) => [id, { enabled: true }])) };
  for (const { id, nodes } of (await axe.run(document, asked)).violations)
    wrong.push(`${id}: ${nodes.slice(0, 2).map((node) => node.target.join(" ")).join(" · ")}`);
  return wrong;
};
