// Clients of Socket.IO that do what a test tells them: the same code in Node and in a page.

function waitFor(look) {
  return new Promise((resolve, reject) => {
    const begun = Date.now();
    const turn = () => {
      const found = look();
      if (found) return resolve(found);
      if (Date.now() - begun > 60_000) return reject(new Error("it did not come about"));
      setTimeout(turn, 10);
    };
    turn();
  });
}

function stateOf({ socket, connects }) {
  return {
    connected: socket.connected,
    connects,
    recovered: socket.recovered === true,
    transport: socket.io.engine?.transport?.name,
    sid: socket.io.engine?.id,
  };
}

// How clients connect, lose their connection and come back.
function connectingCommands(known, io) {
  return {
    // Connects; answers how that came out.
    connect({ name, url, options, joins }) {
      const socket = io(url, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200, ...options });
      const client = { socket, events: [], connects: 0 };
      known.set(name, client);
      socket.onAny((...event) => client.events.push(event));
      return new Promise((resolve) => {
        socket.on("connect", () => {
          client.connects += 1;
          if (joins) socket.emit("join_conversation", joins);
          resolve(stateOf(client));
        });
        socket.once("connect_error", (error) => {
          if (client.connects > 0) return;
          socket.disconnect();
          resolve({ refused: { message: error.message, data: error.data } });
        });
      });
    },
    // Breaks the connection, and does not reconnect by itself.
    drop({ name }) {
      const { socket } = known.get(name);
      socket.io.reconnection(false);
      socket.io.engine.close();
      return {};
    },
    // Reconnects after `drop`.
    async reconnect({ name }) {
      const client = known.get(name);
      const times = client.connects;
      await waitFor(() => !client.socket.connected);
      client.socket.io.reconnection(true);
      client.socket.connect();
      return await waitFor(() => client.connects > times && stateOf(client));
    },
    disconnect({ name }) {
      known.get(name).socket.disconnect();
      known.delete(name);
      return {};
    },
  };
}

// What clients send.
function sendingCommands(known) {
  return {
    // Sends events without asking for an acknowledgement, as a front end for a server that gives none.
    tell({ name, events }) {
      for (const event of events) known.get(name).socket.emit(...event);
      return {};
    },
    // Sends an event and answers with its acknowledgement.
    async ask({ name, event, argument }) {
      return await known.get(name).socket.timeout(20_000).emitWithAck(event, argument);
    },
    // Sends an event many times at once, each with its own argument; answers with the acknowledgements.
    async burst({ name, event, arguments: all }) {
      const { socket } = known.get(name);
      const send = (argument) => new Promise((resolve) => socket.emit(event, argument, resolve));
      const late = new Promise((_, reject) => setTimeout(() => reject(new Error("not all are acknowledged")), 30_000));
      return await Promise.race([Promise.all(all.map(send)), late]);
    },
    // Sends an event without asking for an acknowledgement.
    send({ name, event, argument }) {
      known.get(name).socket.emit(event, argument);
      return {};
    },
    // Sends an event; its acknowledgement, or that none came in time.
    emit({ name, event, argument, patience }) {
      return new Promise((resolve) => {
        const late = setTimeout(() => resolve({ late: true }), patience);
        known.get(name).socket.emit(event, argument, (answer) => {
          clearTimeout(late);
          resolve({ answer });
        });
      });
    },
    // A request over HTTP, as the guide's handleButtonClick makes it.
    async request({ url, token, body, method }) {
      const options = { headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` } };
      if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body) });
      if (method) options.method = method;
      const answer = await fetch(url, options);
      return { status: answer.status, body: await answer.json() };
    },
  };
}

// What clients have received, and how they stand.
function receivingCommands(known) {
  return {
    // Everything that came, as soon as the wanted names are among it, each as often as it is named; or when time is up.
    async receive({ name, wanted, patience }) {
      const client = known.get(name);
      const times = (names, one) => names.filter((each) => each === one).length;
      const names = () => client.events.map(([event]) => event);
      const has = () => wanted.every((event) => times(names(), event) >= times(wanted, event));
      const end = Date.now() + patience;
      await waitFor(() => has() || Date.now() > end);
      return client.events.splice(0);
    },
    // Everything that came, as soon as there are so many events of a name among it.
    async take({ name, event, count }) {
      const client = known.get(name);
      const of = () => client.events.filter(([called]) => called === event).length;
      await waitFor(() => of() >= count);
      return client.events.splice(0);
    },
    // How it stands, as soon as it is connected for this time.
    async connected({ name, times }) {
      const client = known.get(name);
      return await waitFor(() => client.socket.connected && client.connects >= times && stateOf(client));
    },
    // How it stands, as soon as it uses this transport.
    async uses({ name, transport }) {
      const client = known.get(name);
      return await waitFor(() => stateOf(client).transport === transport && stateOf(client));
    },
    // How it stands, as soon as it has lost its connection.
    async lost({ name }) {
      const client = known.get(name);
      return await waitFor(() => !client.socket.connected && stateOf(client));
    },
  };
}

globalThis.clients = (io) => {
  const known = new Map();
  const commands = { ...connectingCommands(known, io), ...sendingCommands(known), ...receivingCommands(known) };
  return (command, details) => commands[command](details);
};
