"""The LINE webhook, with a stand-in for LINE."""
import json
import signal

import pytest

import flow
import lineapi
from lineapi import Bot, Messaging, user
from service import Service


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """An owner with a channel."""
    home = flow.make_home(tmp_path_factory.mktemp("line"))
    flow.enrol(home)
    flow.make_ready(home)
    lineapi.connect(home, home.folder)
    return home


@pytest.fixture
def home(ready, tmp_path):
    return ready.copy(tmp_path / "home")


@pytest.fixture
def messaging():
    m = Messaging()
    yield m
    m.close()


def serve(home, messaging, **line):
    return Service(home, line={"endpoint": messaging.endpoint, **line})


def opened(home):
    """What is in the closed epochs, by kind; answers without what is None."""
    kinds = {}
    for r in flow.recover(home):
        if "answers" in r:
            r["answers"] = {k: v for k, v in r["answers"].items()
                            if v is not None}
        kinds.setdefault(r["kind"], []).append(r)
    return kinds


def texts(said):
    return [m["text"] for m in said[2]["messages"]]


def finish(bot, who=1):
    """What is left of the corona survey after Q03, without an answer."""
    bot.say(*["skip"] * 19, who=who)


# ---- a dialogue ----

def test_a_dialogue(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        assert bot.post(bot.event("follow")).status == 200
        bot.say("同意する", "はい", "1", "3", "44")
        finish(bot)
        said = messaging.wait(6 + 19)
        assert service.metrics()['azukari_line_taken_total'
                                 '{type="response"}'] == 1
    path, headers, body, _ = said[0]
    assert path == "/v2/bot/message/reply"
    assert headers["Authorization"] == "Bearer " + lineapi.TOKEN
    assert "X-Line-Retry-Key" not in headers
    assert flow.TEXT.read_text(encoding="utf-8") in texts(said[0])
    assert all(1 <= len(s[2]["messages"]) <= 5 for s in said)
    got = opened(home)
    assert [(r["user"], r["scopes"]) for r in got["consent"]] == [
        (user(1), ["support", "research"])]
    (response,) = got["response"]
    assert response["answers"] == {"Q01": "1", "Q02": "1", "Q03": "1",
                                   "Q04": ["S3"], "Q08": 44}
    assert len(got["conversation"]) == 3        # Q03, Q04, Q08


def test_nothing_is_kept_of_who_declines(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        bot.say("やあ", "同意しない")
        assert "何も保存していません" in texts(messaging.wait(2)[1])[-1]
    assert not flow.recover(home)
    assert home.json("status")["owners"][0]["respondents"] == 0


def test_english_and_buttons(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        bot.say("English")
        for data in ("c:0:1", "c:1:0", "a:2:1"):
            assert bot.post(bot.press(data)).status == 200
        said = messaging.wait(4)
    assert "Do you agree to the above?" in texts(said[0])
    items = said[2][2]["messages"][-1]["quickReply"]["items"]
    assert [i["action"]["data"] for i in items][:2] == ["a:2:0", "a:2:1"]
    (consent,) = opened(home)["consent"]
    assert consent["scopes"] == ["support"]


def test_an_erasure_beside_the_service(home, messaging):
    """The erase store has another key since; who is new is taken in all the
    same, without a restart."""
    with serve(home, messaging) as service:
        bot = Bot(service)
        bot.whole(who=1)
        home.az("withdraw", "14", "--respondent-file", "-", "--source",
                "line", "--now", stdin=user(1) + "\n")
        bot.whole(who=2)
        assert service.metrics()['azukari_line_refused_total'
                                 '{why="store"}'] == 0
    got = opened(home)
    assert [r["user"] for r in got["consent"]] == [user(2)]


# ---- what LINE sends besides ----

def test_empty_list_is_the_verify_button(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        assert bot.post().status == 200
        assert bot.post(body=b'{"events":[]}').status == 200


def test_redelivery(home, messaging):
    """Taken in once, answered 200 each time, also in one body and after a
    restart."""
    with serve(home, messaging) as service:
        bot = Bot(service)
        bot.say("はじめる", "同意する")
        agree = bot.text("同意する")
        again = dict(agree, deliveryContext={"isRedelivery": True})
        assert bot.post(agree, again).status == 200
        assert bot.post(again).status == 200
        assert service.metrics()["azukari_line_skipped_total"
                                 '{why="duplicate"}'] == 2
    with serve(home, messaging) as service:
        assert Bot(service).post(again).status == 200
    assert len(opened(home)["consent"]) == 1


def test_out_of_order(home, messaging):
    """In one body by their time; what is older than what was said is late."""
    with serve(home, messaging) as service:
        bot = Bot(service)
        first, second, third = (bot.text(t) for t in
                                ("はじめる", "同意する", "同意する"))
        assert bot.post(third, first, second).status == 200
        old = bot.text("1", timestamp=lineapi.NOW_MS - 5000)
        assert bot.post(old).status == 200
        metrics = service.metrics()
    assert metrics['azukari_line_skipped_total{why="late"}'] == 1
    assert metrics['azukari_line_taken_total{type="consent"}'] == 1
    assert metrics['azukari_line_taken_total{type="step"}'] == 0


def test_others_are_ignored_and_counted(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        group = {"type": "group", "groupId": "C1", "userId": user(1)}
        events = [bot.event("videoPlayComplete"), bot.event("newType"),
                  bot.text("やあ", source=group), bot.event("message"),
                  bot.text("やあ", source={"type": "user"}),
                  bot.text("やあ", timestamp=4_102_444_800_000)]
        assert bot.post(*events).status == 200
        metrics = service.metrics()
    assert [metrics[f'azukari_line_skipped_total{{why="{w}"}}'] for w in
            ("type", "group", "broken", "nobody", "future")] == [
                2, 1, 1, 1, 1]
    assert not messaging.said and not flow.recover(home)


def test_standby_is_taken_in_silently(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        bot.say("はじめる")
        assert bot.post(bot.text("同意する", mode="standby")).status == 200
        bot.say("同意する")
        messaging.wait(2)
    assert len(messaging.said) == 2 and len(opened(home)["consent"]) == 1


# ---- taking back ----

def test_unsend_in_a_dialogue(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        bot.consent()
        answer = bot.text("2")
        assert bot.post(answer).status == 200
        unsend = bot.event("unsend", unsend={
            "messageId": answer["message"]["id"]})
        assert bot.post(unsend).status == 200
        bot.say("1")                    # Q03 is asked again
        finish(bot)
    (response,) = opened(home)["response"]
    assert response["answers"]["Q03"] == "1"
    # the record of the step that was taken back is bytes no more
    assert [r["answers"] for r in opened(home)["conversation"]] == [
        {"Q03": "1"}]


def test_unsend_after_the_end_and_a_restart(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        bot.consent()
        answer = bot.text("2")
        assert bot.post(answer).status == 200
        bot.say(*["skip"] * 22)
        bot.whole(who=2)
    assert len(opened(home)["response"]) == 2
    with serve(home, messaging) as service:
        bot = Bot(service)
        unsend = bot.event("unsend", unsend={
            "messageId": answer["message"]["id"]})
        assert bot.post(unsend).status == 200
    got = opened(home)
    assert [r["user"] for r in got["response"]] == [user(2)]
    assert all(r["user"] == user(2) for r in got["conversation"])
    home.az("ledger", "verify")


def test_unsend_before_its_message(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        bot.consent()
        answer = bot.text("2")
        unsend = bot.event("unsend", unsend={
            "messageId": answer["message"]["id"]})
        answer["timestamp"] = bot.now_ms + 1000
        assert bot.post(unsend).status == 200
        assert bot.post(answer).status == 200
    assert "conversation" not in opened(home)


def test_withdrawal(home, messaging):
    with serve(home, messaging) as service:
        bot = Bot(service)
        bot.whole()
        bot.post(bot.event("unfollow"))         # is none
        assert service.metrics()['azukari_line_taken_total'
                                 '{type="withdrawal"}'] == 0
        bot.say("撤回")
        bot.say("はじめる", "同意する", "同意する")
        metrics = service.metrics()
        assert metrics['azukari_line_taken_total{type="withdrawal"}'] == 1
        assert metrics['azukari_line_skipped_total{why="withdrawn"}'] == 1
        messaging.wait_for("同意を取り消しました")
        messaging.wait_for("受け付けられません")
    assert home.json("status")["owners"][0]["stopping"] == 1


# ---- who may ----

def test_signatures(home, messaging, tmp_path):
    with serve(home, messaging) as service:
        bot = Bot(service)
        body = json.dumps({"destination": lineapi.BOT, "events": [
            bot.text("はじめる")]}).encode()
        good = lineapi.signature(body)
        refused = [
            bot.post(body=body, sign=lineapi.signature(body, "another")),
            bot.post(body=body, sign="x"), bot.post(body=body, sign=good[:-1]),
            bot.post(body=body + b" ", sign=good),
            bot.post(body=body, headers={"x-line-signature": None}),
            Bot(service, source="nobody").post(body=body, sign=good),
            Bot(service, source="13-line").post(body=body, sign=good)]
        # not there, not signed, not of this body: one and the same answer
        assert {(r.status, r.body) for r in refused} == {
            (401, refused[0].body)}
        assert bot.post(body=body, headers={
            "x-line-signature": None, "X-LINE-Signature": good}).status == 200
        assert Bot(service, source="14-line").post(
            body=body, sign=good).status == 200
        assert bot.post(body=b"{", sign=lineapi.signature(b"{")).status == 400
        other = b'{"destination":"U' + b"00" * 16 + b'","events":[]}'
        assert bot.post(body=other,
                        sign=lineapi.signature(other)).status >= 400
        assert bot.post(body=body, sign=good, headers={
            "Content-Type": "text/plain"}).status == 415
        large = b'{"events":[]' + b" " * 300_000 + b"}"
        assert bot.post(body=large,
                        sign=lineapi.signature(large)).status == 413
        assert service.get("/line/line").status == 405
        metrics = service.metrics()
    assert metrics['azukari_line_refused_total{why="signature"}'] == 5
    assert metrics['azukari_line_refused_total{why="body"}'] == 2
    everything = "".join(map(str, service.events))
    assert user(1) not in everything and "はじめる" not in everything


def test_two_secrets(home, messaging, tmp_path):
    """While one replaces the other both are right, in a running service."""
    new = flow.write(tmp_path / "new", "f" * 32 + "\n")
    new.chmod(0o600)
    with serve(home, messaging) as service:
        old_bot, new_bot = Bot(service), Bot(service, secret="f" * 32)

        def statuses():
            return old_bot.post().status, new_bot.post().status

        def wait(want):
            flow.until(statuses, lambda got: got == want)

        assert statuses() == (200, 401)
        home.az("line", "rotate", "14", "line", "--secret-file", new)
        wait((200, 200))
        home.az("line", "rotate", "14", "line", "--drop-old")
        wait((401, 200))
    shown = home.json("line", "show", "14", "line")
    assert (shown["version"], shown["secrets"]) == (3, 1)
    assert "f" * 32 not in home.az("line", "show", "14", "line").out
    home.az("line", "rotate", "14", "line", code=2)
    home.az("line", "rotate", "14", "none", "--drop-old", code=4)
    new.chmod(0o644)
    home.az("line", "rotate", "14", "line", "--secret-file", new, code=1)


@pytest.mark.parametrize("more, code", [
    ({"survey": "corona 2"}, 4), ({"survey": "x"}, 3),
    ({"consent_text": "sha256:" + "0" * 64}, 4), ({"consent_text": "x"}, 3),
    ({"scopes": "all"}, 3), ({"scopes": "support=Q99"}, 4),
    ({"scopes": "support=Q08"}, 4), ({"destination": "U1"}, 3),
    ({"language": "fr"}, 2), ({"secret_file": None, "source": "other"}, 2),
    ({"source": "nobody"}, 4)])
def test_channels_that_cannot_be(home, tmp_path, more, code):
    home.az("source", "add", "14", "other", "--namespace", "other-14")
    before = home.files()
    lineapi.connect(home, tmp_path, code=code, **more)
    after = home.files()
    changed = {k for k in before if before[k] != after.get(k)}
    assert not any("line-" in k or k.startswith("ledger") for k in changed)


# ---- LINE's own bad days ----

def test_line_answers_badly(home, messaging):
    """429, 500 and silence are tried again; a used-up token is given up."""
    with serve(home, messaging) as service:
        bot = Bot(service)
        messaging.answers = ["silence", 429, 500]
        for who in (1, 2, 3):
            bot.say("はじめる", who=who)
        assert len(messaging.wait(3)) == 3 and len(messaging.said) == 6
        messaging.answers = [400]
        bot.say("同意する")
        bot.say("同意する")
        messaging.wait(4)
        # The refused one may be counted after the other has arrived.
        service.until_metrics(**{
            "azukari_line_replies_retried_total": 3,
            'azukari_line_replies_total{how="reply"}': 4,
            'azukari_line_replies_total{how="dropped"}': 1})
    assert len(opened(home)["consent"]) == 1


def test_line_is_down(home, messaging):
    """The webhook does not wait for anybody; what waits is bounded."""
    with Service(home, line={"endpoint": "http://127.0.0.1:1",
                             "replies": 3}) as service:
        bot = Bot(service)
        for who in range(6):
            bot.say("はじめる", who=who)
        assert service.metrics()["azukari_line_replies_waiting"] <= 3
    assert not messaging.said


def test_push_in_place_of_a_reply(home, messaging):
    with serve(home, messaging, push=True) as service:
        bot = Bot(service)
        messaging.answers = [400, 500, 409]
        bot.say("はじめる")
        service.until_metrics(**{'azukari_line_replies_total{how="push"}': 1})
    reply, *pushes = messaging.said
    assert reply[0].endswith("/reply") and len(pushes) == 2
    assert all(p[0].endswith("/push") and p[2]["to"] == user(1)
               for p in pushes)
    keys = {p[1]["X-Line-Retry-Key"] for p in pushes}
    assert len(keys) == 1 and len(keys.pop()) == 36


# ---- settings ----

@pytest.mark.parametrize("line", [
    {"endpoint": "http://api.line.me"}, {"endpoint": 1}, {"batch": 0},
    {"linger_ms": 2000}, {"more": 1}])
def test_settings_that_cannot_be(home, line):
    service = Service(home, line=line).start(ready=False)
    assert service.process.wait(60) != 0
    service.stop(code=None)


def test_a_stop_leaves_nothing_open(home, messaging):
    with serve(home, messaging) as service:
        Bot(service).consent()
        assert flow.records(home)["open"] == 1
        service.stop(signal.SIGTERM)
    assert flow.records(home)["open"] == 0
