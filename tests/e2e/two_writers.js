/**
 * Two people write the same note over a bad line: one through the page's own connection and notes, one straight at a
 * model of the server. Time is told, chance is seeded. Answers get lost, sockets die, the tab reloads.
 *
 * Evaluated in a page of the application: `async seeds => [{seed, problems}]`, only those with problems.
 */
async (seeds) => {
  const { createNotes } = await import("/components/record/notes.mjs");
  const { connect } = await import("/static/core/connection.mjs");
  const NOTE = "p-1";

  /** A stream of chances, the same for the same seed (mulberry32). */
  function chances(seed) {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }

  /** Timers that fire when `pass` says that time has passed. */
  function toldTime() {
    const timers = new Map();
    const real = [window.setTimeout, window.clearTimeout];
    let ids = 0;
    let now = 0;
    window.setTimeout = (fire, ms = 0) => (timers.set(++ids, { at: now + ms, fire, id: ids }), ids);
    window.clearTimeout = (id) => timers.delete(id);
    const rest = async () => {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    };
    return {
      now: () => now,
      async pass(ms) {
        const end = now + ms;
        for (;;) {
          await rest();
          const next = [...timers.values()].sort((a, b) => a.at - b.at || a.id - b.id)[0];
          if (!next || next.at > end) break;
          timers.delete(next.id);
          now = Math.max(now, next.at);
          next.fire();
        }
        now = end;
        await rest();
      },
      restore: () => ([window.setTimeout, window.clearTimeout] = real),
    };
  }

  async function run(seed) {
    const chance = chances(seed);
    const time = toldTime();
    const section = seed % 2 ? "data" : null; // a whole text, or one section of a note

    // ---- the server: one note with a revision; a command that is known already is answered as before
    const sockets = new Set();
    const answers = new Map();
    const replaced = []; // words of the other that ours took the place of
    const server = { text: "", revision: 0, seq: 1, author: "" };

    function edit(text, revision, author) {
      if (text === server.text) return { seq: server.seq };
      if (revision !== server.revision) return { code: "stale_note", text: "stale" };
      if (author === "us" && server.author === "them" && !text.includes(server.text)) replaced.push(server.text);
      Object.assign(server, { text, author, revision: server.revision + 1, seq: server.seq + 1 });
      for (const socket of sockets) socket.deliver(view());
      return { seq: server.seq };
    }
    const view = () => ({
      type: "view", version: server.seq, now: time.now(), note: { text: server.text, revision: server.revision },
    });

    class Line {
      alive = true;
      due = 0;
      constructor() {
        sockets.add(this);
        setTimeout(() => this.alive && this.onopen(), 5);
      }
      deliver(message) {
        this.due = Math.max(this.due, time.now() + 1 + chance() * 200); // late, but in order
        setTimeout(() => this.alive && this.onmessage({ data: JSON.stringify(message) }), this.due - time.now());
      }
      send(text) {
        const message = JSON.parse(text);
        setTimeout(() => sockets.has(this) && this.arrive(message), chance() * 100);
      }
      arrive(message) {
        if (message.type === "hello") {
          this.deliver({ type: "welcome", now: time.now() });
          this.deliver(view());
        } else if (message.type === (section ? "edit_section" : "edit_note")) {
          const id = message.command_id;
          const answer = answers.get(id) ?? edit(message.text, message.revision, "us");
          if (!answer.code) answers.set(id, answer);
          this.deliver({ type: answer.code ? "refused" : "accepted", command_id: id, ...answer });
        }
      }
      close() {
        this.die(1000);
      }
      die(code) {
        if (!this.alive) return;
        this.alive = false;
        sockets.delete(this);
        this.onclose({ code });
      }
    }

    // ---- our tab
    const kept = new Map();
    const storage = {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, value),
      removeItem: (key) => kept.delete(key),
    };
    const shown = new Set();
    let notes;
    let connection;
    const look = () => shown.add((notes.of(NOTE, section).conflict ?? notes.of(NOTE, section)).text);
    function open() {
      connection = connect({
        socketUrl: "ws://model", device: "d", mode: "record", storage, socketClass: Line,
        onView: ({ note }) => (notes.seen(NOTE, section, note), look()),
        onDraft: (key, draft) => (notes.drafted(key, draft), look()),
      });
      notes = createNotes({ connection, onChange: look });
    }
    open();
    const pings = () => {
      for (const socket of sockets) socket.deliver({ type: "ping", now: time.now() });
      setTimeout(pings, 2_000);
    };
    pings();
    await time.pass(500);

    // ---- forty things happen
    for (let step = 0; step < 40; step += 1) {
      const what = chance();
      const note = notes.of(NOTE, section);
      if (what < 0.55) notes.type(note, `${note.text} us${step}`.trim());
      else if (what < 0.62) notes.type(note, note.text.split(" ").slice(0, -1).join(" "));
      else if (what < 0.72) edit(chance() < 0.5 ? `${server.text} them${step}` : `them${step}`, server.revision, "them");
      else if (what < 0.82) for (const socket of [...sockets]) socket.die(1006);
      else if (what < 0.87) {
        connection.close();
        open();
        await time.pass(300);
      }
      if (note.conflict && chance() < 0.5) notes.resolve(note, ["both", "mine", "theirs"][Math.floor(chance() * 3)]);
      await time.pass(chance() * 900);
    }

    // ---- then the line is good, and every question is answered
    for (let round = 0; round < 8; round += 1) {
      await time.pass(12_000);
      if (notes.of(NOTE, section).conflict) notes.resolve(notes.of(NOTE, section), "both");
    }
    await time.pass(20_000);

    const note = notes.of(NOTE, section);
    const problems = replaced.filter((text) => !shown.has(text)).map((text) => `replaced unseen: ${text}`);
    if (note.text !== server.text) problems.push(`here ${note.text}, there ${server.text}`);
    if (note.base !== server.revision) problems.push(`revision ${note.base}, but it is ${server.revision}`);
    if (note.state === "saving" || notes.unsaved()) problems.push("still not saved");
    connection.close();
    time.restore();
    return problems;
  }

  const failed = [];
  for (const seed of seeds) {
    const problems = await run(seed);
    if (problems.length) failed.push({ seed, problems });
  }
  return failed;
}
