"use strict";
// Shows what happens as it happens: an event is a reason to ask for the page anew, and
// what it says then takes the place of what stands here. Without this script the page
// is the same, as of when it was asked for.
(() => {
  const SETTLE = 300; // ms; events come in swarms, and the list follows a moment later
  const AGAIN = 3000;
  const UNSEEN = 60000;
  const FIELDS = "input, select, textarea";
  const address = document.currentScript.dataset.stream;
  const word = document.getElementById("live");
  let source = null;
  let over = false;
  let asking = false;
  let more = false;
  let timer = 0;

  const isChanged = (one) => {
    if (one.type === "checkbox") return one.checked !== one.defaultChecked;
    if (one.tagName !== "SELECT") return one.value !== one.defaultValue;
    const first = [...one.options].findIndex((each) => each.defaultSelected);
    return one.selectedIndex !== Math.max(first, 0);
  };

  // Nobody's half-written reason and no choice is taken away.
  const inUse = (part) =>
    [...part.querySelectorAll(FIELDS)].some((one) => one === document.activeElement || isChanged(one));

  // Whoever goes by the keyboard stays on the link or button where they were.
  const nameOf = (one) => [
    one.tagName, one.getAttribute("href") ?? one.getAttribute("formaction"), one.closest("[id]").id,
    one.tagName === "BUTTON" ? one.textContent : "",
  ].join(" ");

  const change = (part, other) => {
    for (const open of part.querySelectorAll("details[open]")) {
      other.querySelector(`#${open.id}`)?.setAttribute("open", "");
    }
    if (part.innerHTML === other.innerHTML) return;
    const held = part.contains(document.activeElement) ? nameOf(document.activeElement) : null;
    part.replaceWith(document.adoptNode(other));
    if (held === null) return;
    const same = [...other.querySelectorAll("a, button, summary")].find((one) => nameOf(one) === held);
    same?.focus({ preventScroll: true });
  };

  const replace = (fresh) => {
    const wanted = [...fresh.querySelectorAll("[data-live]")]; // before some are moved here
    for (const part of document.querySelectorAll("[data-live]")) {
      if (inUse(part)) continue;
      const other = fresh.getElementById(part.id);
      other === null ? part.remove() : change(part, other);
    }
    let before = null;
    for (const other of wanted) {
      const here = document.getElementById(other.id);
      if (here === null) {
        const added = document.adoptNode(other);
        before === null ? document.querySelector("main").prepend(added) : before.after(added);
        before = added;
      } else {
        before = here;
      }
    }
    document.title = fresh.title;
    over = fresh.querySelector("script[data-stream]") === null;
    if (over) stop();
  };

  const refresh = async () => {
    const answer = await fetch(location.href, { redirect: "manual" });
    // Who is signed out, or may not see this any more, is told so by the page itself.
    if (answer.type === "opaqueredirect" || (answer.status >= 400 && answer.status < 500)) {
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error(`${answer.status}`);
    replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  };

  // One at a time: an older answer must not take the place of a newer one. And events
  // that keep coming do not put off what is waited for.
  const soon = (delay) => {
    if (asking) more = true;
    else if (timer === 0) timer = setTimeout(ask, delay);
  };

  const ask = async () => {
    timer = 0;
    asking = true;
    more = false;
    let problem = "";
    try {
      await refresh();
    } catch {
      problem = "This is not as of now: nofx does not answer. Trying again.";
    }
    asking = false;
    if (word.textContent !== problem) word.textContent = problem;
    if (problem || more) soon(problem ? AGAIN : SETTLE);
    else if (document.hidden && !over) soon(UNSEEN);
  };

  const stop = () => {
    source?.close();
    source = null;
  };

  const listen = () => {
    if (source !== null || over) return;
    const own = new EventSource(address);
    source = own;
    let live = false;
    // What happened before it was live may be on the page or not.
    own.addEventListener("stream.live", () => { live = true; soon(0); });
    own.addEventListener("stream.reset", () => soon(SETTLE));
    own.addEventListener("stream.ended", () => { own.close(); soon(SETTLE); });
    own.onmessage = () => { if (live) soon(SETTLE); };
    own.onerror = () => {
      soon(SETTLE);
      if (own.readyState !== EventSource.CLOSED) return;
      // It was refused: if the page is shown all the same, that may be over later.
      setTimeout(() => { if (source === own) { stop(); seen(); } }, UNSEEN);
    };
  };

  // Browsers have few connections to one place, for all of their tabs: those that
  // nobody looks at hold none, and ask now and then.
  const seen = () => {
    if (document.hidden) {
      stop();
      if (!over) soon(UNSEEN);
      return;
    }
    listen();
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    timer = 0;
    seen();
    if (!document.hidden && !over) soon(0);
  });
  seen();
})();
