/* New clicks, as the server sends them: a row each, at the top of the list. All text is put in as text. */
"use strict";

(() => {
  const MOST_ROWS = 500;
  const AGAIN_MS = 2000;
  const LIVE = "Live: new clicks appear as they are counted";
  const view = document.querySelector("[data-live]");
  if (!view || !("EventSource" in window)) return;
  const rows = view.querySelector("tbody");
  const state = view.querySelector(".live-state");
  const button = view.querySelector(".live-switch");
  const address = new URL(view.dataset.live, location.href);
  let source = null;
  let last = address.searchParams.get("after");
  let waiting = 0;
  let on = false;

  const say = (kind, text) => {
    if (state.dataset.state !== kind || state.textContent !== text) {
      state.dataset.state = kind;
      state.textContent = text;
    }
  };

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined && text !== null) made.textContent = text;
    return made;
  };

  const anchor = (to, text) => {
    const made = element("a", "", text);
    made.setAttribute("href", to);
    return made;
  };

  const number = (value) => String(Number.parseInt(value, 10));

  const row = (click, cursor) => {
    const made = element("tr", "new");
    made.dataset.cursor = cursor;
    const head = element("th", "");
    head.setAttribute("scope", "row");
    const link = anchor(`/links/${number(click.link_id)}`, click.link);
    link.title = click.link_name;
    head.append(link);
    const who = element("span", "under");
    if (click.person === null) who.textContent = "nobody knows who";
    else who.append(anchor(`/people/${encodeURIComponent(click.person)}`, click.person));
    head.append(who);
    const campaign = element("td", "minor text");
    campaign.append(anchor(`/campaigns/${number(click.campaign_id)}`, click.campaign));
    const when = element("td", "when");
    when.append(anchor(`/messages/${encodeURIComponent(click.message)}`, click.day));
    when.append(element("span", "under", click.time));
    const judged = element("td", "text judged");
    judged.append(element("span", `label ${click.label}`, click.judged));
    if (click.reasons) judged.append(element("span", "under minor", click.reasons));
    made.append(head, campaign, when, judged);
    return made;
  };

  const show = (event) => {
    const cursor = number(event.lastEventId);
    if (rows.querySelector(`[data-cursor="${cursor}"]`)) return;
    last = cursor;
    rows.prepend(row(JSON.parse(event.data), cursor));
    while (rows.rows.length > MOST_ROWS) rows.deleteRow(-1);
    view.querySelector("table").hidden = false;
    const empty = view.querySelector(".empty");
    if (empty) empty.remove();
  };

  const close = () => {
    clearTimeout(waiting);
    if (source) source.close();
    source = null;
  };

  const open = () => {
    close();
    if (last !== null) address.searchParams.set("after", last);
    source = new EventSource(address);
    source.onopen = () => say("open", LIVE);
    source.addEventListener("ready", () => say("open", LIVE));
    source.addEventListener("click", show);
    source.addEventListener("trouble", (event) => say("trouble", JSON.parse(event.data).error));
    source.onerror = () => {
      say("waiting", "Connection lost, trying again");
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      close();
      waiting = setTimeout(open, AGAIN_MS);
    };
  };

  const turn = () => {
    on = !on;
    button.setAttribute("aria-pressed", String(on));
    if (on) {
      say("waiting", "Connecting");
      open();
    } else {
      close();
      say("off", "Paused");
    }
  };

  view.querySelector(".live").hidden = false;
  button.addEventListener("click", turn);
  addEventListener("pagehide", close);
  // A page that nobody sees keeps no place; it goes on where it was.
  document.addEventListener("visibilitychange", () => on && (document.hidden ? close() : open()));
  addEventListener("pageshow", (event) => on && event.persisted && open());
  turn();
})();
