"""Clients of python-socketio that do what a test tells them: a line of JSON in for each command, a line out for each answer."""

import asyncio
import json
import sys
import urllib.parse

import aiohttp
import socketio

known = {}


class Client:
    def __init__(self, url, options, joins):
        address = urllib.parse.urlsplit(url)
        self.namespace = address.path or "/"
        self.url = f"{address.scheme}://{address.netloc}"
        self.auth = options["auth"]
        self.joins = joins
        self.transports = options.get("transports")
        self.events = []
        self.connects = 0
        self.refused = None
        self.sio = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.2)
        self.sio.on("connect", self.on_connect, namespace=self.namespace)
        self.sio.on("connect_error", self.on_refused, namespace=self.namespace)
        self.sio.on("*", self.on_event, namespace=self.namespace)

    async def on_connect(self):
        self.connects += 1
        if self.joins:
            await self.sio.emit("join_conversation", self.joins, namespace=self.namespace)

    async def on_refused(self, data):
        self.refused = data

    # A handler with a fixed number of arguments trips over any that is added to an event.
    async def on_event(self, event, argument):
        self.events.append([event, argument])

    def state(self):
        return {
            "connected": self.is_connected(),
            "connects": self.connects,
            "recovered": False,
            "transport": self.sio.transport() if self.sio.connected else None,
            "sid": self.sio.eio.sid,
        }

    def is_connected(self):
        return self.sio.connected and self.namespace in self.sio.namespaces


async def until(look):
    for _ in range(6_000):
        found = look()
        if found:
            return found
        await asyncio.sleep(0.01)
    raise RuntimeError("it did not come about")


async def connect(details):
    client = Client(details["url"], details["options"], details.get("joins"))
    known[details["name"]] = client
    try:
        await client.sio.connect(
            client.url, auth=client.auth, namespaces=[client.namespace], transports=client.transports, wait_timeout=20
        )
    except socketio.exceptions.ConnectionError:
        await client.sio.disconnect()
        return {"refused": client.refused}
    return client.state()


async def ask(details):
    client = known[details["name"]]
    return await client.sio.call(details["event"], details["argument"], namespace=client.namespace, timeout=20)


async def burst(details):
    client = known[details["name"]]
    answers = [asyncio.get_running_loop().create_future() for _ in details["arguments"]]
    for argument, answer in zip(details["arguments"], answers):
        await client.sio.emit(details["event"], argument, namespace=client.namespace, callback=answer.set_result)
    return await asyncio.wait_for(asyncio.gather(*answers), 30)


async def request(details):
    headers = {"Authorization": f"Bearer {details['token']}"}
    method = "POST" if details["body"] else "GET"
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.request(method, details["url"], json=details["body"]) as answer:
            return {"status": answer.status, "body": await answer.json()}


async def take(details):
    client = known[details["name"]]
    count = lambda: sum(1 for event in client.events if event[0] == details["event"])
    await until(lambda: count() >= details["count"])
    taken, client.events = client.events, []
    return taken


async def hear(details):
    client = known[details["name"]]
    is_last = lambda event: event[0] == "new_message" and event[1]["message"]["message"] == details["last"]
    await until(lambda: any(is_last(event) for event in client.events))
    taken, client.events = client.events, []
    return taken


async def connected(details):
    client = known[details["name"]]
    return await until(lambda: client.is_connected() and client.connects >= details["times"] and client.state())


async def uses(details):
    client = known[details["name"]]
    return await until(lambda: client.state()["transport"] == details["transport"] and client.state())


async def lost(details):
    client = known[details["name"]]
    return await until(lambda: not client.is_connected() and client.state())


async def disconnect(details):
    await known.pop(details["name"]).sio.disconnect()
    return {}


COMMANDS = {
    "connect": connect,
    "ask": ask,
    "burst": burst,
    "request": request,
    "take": take,
    "hear": hear,
    "connected": connected,
    "uses": uses,
    "lost": lost,
    "disconnect": disconnect,
}


async def main():
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        try:
            answer = {"answer": await COMMANDS[told["command"]](told["details"])}
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
