"""Every form of a webhook that the Messaging API's public description knows,
and some that it does not know yet: with a right signature each is answered 200,
and nothing but people's own words to the bot has an effect.  The bodies are
written after that description; none is copied."""
import json

import pytest

import flow
import lineapi
from lineapi import Bot, user
from service import Service

USER = {"type": "user", "userId": user(7)}
GROUP = {"type": "group", "groupId": "C" + "0a" * 16, "userId": user(7)}
ROOM = {"type": "room", "roomId": "R" + "0b" * 16}
NUMBERS = {"id": "468789577898262530", "quoteToken": "q3Plxr4AgKd",
           "markAsReadToken": "mark"}
INNER = {"provider": {"type": "line"}, **NUMBERS}


def message(**more):
    return {"type": "message", "message": {**NUMBERS, **more}}


MESSAGES = {
    "text": message(type="text", text="こんにちは"),
    "text-emojis": message(type="text", text="$ ok $", emojis=[
        {"index": 0, "length": 1, "productId": "5ac1bfd5040ab15980c9b435",
         "emojiId": "001"}]),
    "text-mention": message(
        type="text", text="@All @あい", mention={"mentionees": [
            {"index": 0, "length": 4, "type": "all"},
            {"index": 5, "length": 3, "type": "user",
             "userId": user(8), "isSelf": False}]}),
    "text-quote": message(type="text", text="はい",
                          quotedMessageId="468789532432007169"),
    "text-surrogates": message(type="text", text="\U0001f637 \U00020bb7 é"),
    "text-long": message(type="text", text="あ" * 5000),
    "text-empty": message(type="text", text=""),
    "image": message(type="image", contentProvider={"type": "line"},
                     imageSet={"id": "E005", "index": 1, "total": 2}),
    "image-external": message(type="image", contentProvider={
        "type": "external", "originalContentUrl": "https://example.com/o",
        "previewImageUrl": "https://example.com/p"}),
    "video": message(type="video", duration=60000,
                     contentProvider={"type": "line"}),
    "audio": message(type="audio", duration=60000,
                     contentProvider={"type": "line"}),
    "file": message(type="file", fileName="測定.txt", fileSize=2138),
    "location": message(type="location", title="県庁", address="横浜市中区",
                        latitude=35.447507, longitude=139.642345),
    "sticker": message(type="sticker", packageId="446", stickerId="1988",
                       stickerResourceType="ANIMATION",
                       keywords=["cony", "sally"], text="text"),
    "of-tomorrow": message(type="hologram", depth=3),
}
OTHERS = {
    "unsend": {"type": "unsend", "unsend": {"messageId": "325708"}},
    "messageEdited": {"type": "messageEdited", "source": GROUP, "message": {
        **NUMBERS, "type": "text", "text": "はじめる"}},
    "follow": {"type": "follow", "follow": {"isUnblocked": True}},
    "follow-plain": {"type": "follow"},
    "unfollow": {"type": "unfollow"},
    "join": {"type": "join", "source": GROUP},
    "leave": {"type": "leave", "source": GROUP},
    "memberJoined": {"type": "memberJoined", "source": GROUP, "joined": {
        "members": [{"type": "user", "userId": user(9)}]}},
    "memberLeft": {"type": "memberLeft", "source": ROOM, "left": {
        "members": [{"type": "user", "userId": user(9)}]}},
    "postback": {"type": "postback", "postback": {"data": "storeId=12345"}},
    "postback-datetime": {"type": "postback", "postback": {
        "data": "a:3:1", "params": {"datetime": "2020-04-25T01:00"}}},
    "postback-date": {"type": "postback", "postback": {
        "data": "d", "params": {"date": "2020-04-25"}}},
    "postback-time": {"type": "postback", "postback": {
        "data": "t", "params": {"time": "23:59"}}},
    "postback-menu": {"type": "postback", "postback": {
        "data": "richmenu-changed-to-b", "params": {
            "newRichMenuAliasId": "richmenu-alias-b", "status": "SUCCESS"}}},
    "videoPlayComplete": {"type": "videoPlayComplete", "videoPlayComplete": {
        "trackingId": "track-id"}},
    "beacon": {"type": "beacon", "beacon": {
        "hwid": "d41d8cd98f", "type": "enter", "dm": "0102"}},
    "accountLink": {"type": "accountLink", "link": {
        "result": "ok", "nonce": "xxxxxxxxxxxxxxx"}},
    "things": {"type": "things", "things": {
        "deviceId": "t2c449c9d1", "type": "link"}},
    "module": {"type": "module", "module": {
        "type": "attached", "botId": "U" + "0c" * 16,
        "scopes": ["message:send", "message:receive"]}},
    "activated": {"type": "activated", "chatControl": {
        "expireAt": 1462629479960}},
    "deactivated": {"type": "deactivated"},
    "botSuspended": {"type": "botSuspended", "source": None},
    "botResumed": {"type": "botResumed", "source": None},
    "delivery": {"type": "delivery", "source": None,
                 "delivery": {"data": "15034552939884E28681A7D668C"}},
    "membership": {"type": "membership", "membership": {
        "type": "joined", "membershipId": 3189}},
    "membership-left": {"type": "membership", "membership": {
        "type": "left", "membershipId": 3189}},
    "pnp": {"type": "delivery", "source": None,
            "delivery": {"data": "pnp"}, "pnp": {"phone": "hashed"}},
    "of-tomorrow": {"type": "telepathy", "telepathy": {"waves": [1, 2.5]}},
    "no-type": {"kind": "x"},
}
EVENTS = {**{f"message-{k}": v for k, v in MESSAGES.items()}, **OTHERS}


@pytest.fixture(scope="module")
def running(ready, tmp_path_factory):
    home = ready.copy(tmp_path_factory.mktemp("forms"))
    lineapi.connect(home, home.folder, access_token_file=None)
    with Service(home, limits={"requests_per_second": 0}) as s:
        s.numbers = iter(range(1, 10**9))
        yield s


def whole(s, event, **more):
    """With what every event has; None takes a member away."""
    n = next(s.numbers)
    doc = {"mode": "active", "timestamp": lineapi.NOW_MS + n,
           "source": USER, "webhookEventId": f"01FORMS{n:019d}",
           "deliveryContext": {"isRedelivery": False},
           "replyToken": f"{n:032x}", **event, **more}
    return {k: v for k, v in doc.items() if v is not None}


def sent(s, events, destination=lineapi.BOT, escaped=False, **more):
    body = json.dumps({"destination": destination, "events": events, **more},
                      ensure_ascii=escaped)
    return raw(s, body.encode("utf-8", "surrogatepass"))


def raw(s, body):
    return Bot(s).post(body=body)


@pytest.mark.parametrize("name", EVENTS)
def test_every_event(running, name):
    event = EVENTS[name]
    strange = {"new": {"deep": [[{"a": None}]], "n": 1.5e300},
               "timestampMicros": 18446744073709551615}
    for more in ({}, strange, {"mode": "standby"}, {"source": ROOM},
                 {"source": GROUP}, {"source": None},
                 {"source": {"type": "user"}}, {"replyToken": None},
                 {"deliveryContext": {"isRedelivery": True}},
                 {"deliveryContext": None}, {"webhookEventId": None},
                 {"mode": "telepathic"}):
        reply = sent(running, [whole(running, event, **more)])
        assert reply.status == 200, (name, more, reply)
    # all of a body's escapes, and several in one
    assert sent(running, [whole(running, event)] * 3,
                escaped=True).status == 200


def test_all_of_them_at_once(running):
    events = [whole(running, e) for e in EVENTS.values()]
    for destination in (lineapi.BOT, ""):
        assert sent(running, events, destination).status == 200
    assert sent(running, events, later={"x": [1]}).status == 200


def test_bodies(running):
    for body in ('{"destination":"%s","events":[]}' % lineapi.BOT,
                 '{"events":[]}', ' {\r\n\t"events" : [ ] } ', "{}", "[]",
                 '{"events":null}', '{"events":[null,7,"x",[],{}]}',
                 '{"destination":7,"events":[]}',
                 '{"x":1e999,"y":-99999999999999999999,"events":[]}',
                 '{"x":1,"x":2,"events":[]}',
                 '{"events":[{"type":"message","message":{"id":"1","type":'
                 '"text","text":"\\ud83d\\u0000\\udc00"},"timestamp":1}]}',
                 '{"events":[{"type":"message","timestamp":1e400}]}'):
        assert raw(running, body.encode()).status == 200, body
    for body in (b"", b" ", b"{", b'{"events":[]', b'{"events":[]}}', b"x",
                 b'{"events":[],}', b"{'events':[]}", b'{"events":[01]}',
                 b'{"events":["\xff"]}', b'{"events":[]}\0',
                 b'\xef\xbb\xbf{"events":[]}', b'{"events":["\x01"]}'):
        reply = raw(running, body)
        assert reply.status == 400, (body, reply)


@pytest.mark.parametrize("secret, body, signature", [
    ("SECRET", b"{}", "3q8QXTAGaey18yL8FWTqdVlbMr6hcuNvM4tefa0o9nA="),
    ("test_secret", b'{"hello":"world"}',
     "t7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM="),
    ("channel_secret", b"bodybodybodybody",
     "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k=")])
def test_signatures_that_others_publish(secret, body, signature):
    """The vectors of LINE's own libraries; test_line_channel.c has them, too."""
    assert lineapi.signature(body, secret) == signature


def test_what_counts(home, tmp_path):
    """Of all these only people's own words had an effect, once each."""
    lineapi.connect(home, home.folder, access_token_file=None)
    with Service(home, limits={"requests_per_second": 0}) as s:
        s.numbers = iter(range(1, 10**9))
        words = ["はじめる", "同意する", "同意する"]
        said = [whole(s, message(type="text", text=t, id=str(900 + i)))
                for i, t in enumerate(words)]
        noise = [e for k, e in EVENTS.items() if k not in (
            "follow", "follow-plain") and not k.startswith(("message-text",
                                                            "postback"))]
        events = []
        for one in said:
            events += [whole(s, e, source=e.get("source", USER))
                       for e in noise] + [one]
        for at, event in enumerate(events):
            event["timestamp"] = lineapi.NOW_MS + at
        assert sent(s, events).status == 200
        assert sent(s, events).status == 200        # delivered again
        metrics = s.metrics()
    assert metrics['azukari_line_taken_total{type="consent"}'] == 1
    assert [(r["kind"], r["user"]) for r in flow.recover(home)] == [
        ("consent", USER["userId"])]
