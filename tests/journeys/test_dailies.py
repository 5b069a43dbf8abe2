"""The dailies page in a real browser: takes arrive, play in sync, and are judged by keyboard."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from secondunit.media.contact import Row, contact_sheet
from secondunit.service.testing import FRAMES, ScriptedWorker, Served, picture, served
from secondunit_contract.job import Event, Job
from secondunit_contract.problem import NotEnoughMemory

INSTALL = "apt-get install --no-install-recommends chromium"
PATIENCE = 30


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a window; where there is none the tests say so."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"no Chromium on this machine, so the page is seen by nobody: {INSTALL}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def service(tmp_path) -> Iterator[Served]:
    with served(tmp_path / "data", ScriptedWorker()) as service:
        yield service


@pytest.fixture
def page(browser, service) -> Iterator[Page]:
    """The page, opened by a link that works once; it may ask nobody but the service."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    said: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{service.base}/#ticket={service.keys.ticket()}")
    until(page, "document.body.dataset.state === 'here'")
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith((service.base, "blob:", "data:"))] == []
    page.close()


def until(page: Page, holds: str) -> None:
    """Wait until an expression holds in the page."""
    end = time.monotonic() + PATIENCE
    while not page.evaluate(holds):
        assert time.monotonic() < end, f"{holds}: {page.inner_text('body')}"
        page.wait_for_timeout(20)


def happens(page: Page, holds: Callable[[], object]) -> None:
    """Wait until something is so in the service."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        page.wait_for_timeout(20)


SEEN = "[...document.querySelectorAll('.take video')].filter((v) => v.readyState >= 2).length"


def shoot(service: Served, tmp_path, name: str = "sc010", **fields) -> str:
    usual = {"values": {"tail": 2, "prompt": "a man juggles <b>three</b> balls"}}
    job = Job("extend", str(tmp_path / f"{name}_t{{take}}.mov"), id=name, **usual | fields)
    return service.unit.submit(job).id


@pytest.fixture
def four(page, service, tmp_path) -> Page:
    """The page with four takes of a shot, all of them ready to play."""
    shoot(service, tmp_path, takes=4, seed=41)
    until(page, f"{SEEN} === 4")
    return page


def test_before_anything_is_shot_it_says_so(page):
    assert page.is_visible("#empty")
    assert "Nothing has been shot yet" in page.inner_text("#empty")
    assert page.is_hidden("#viewer")
    assert page.inner_text("#queue-words") == "Nothing is waiting"


def test_the_key_leaves_the_address_and_the_ticket_works_once(page, browser, service):
    assert page.url == f"{service.base}/"
    page.reload()
    until(page, "document.body.dataset.state === 'here'")
    other = browser.new_page()
    other.goto(f"{service.base}/")
    until(other, "document.body.dataset.state === 'shut'")
    assert "secondunit serve --open" in other.inner_text("#connection")
    other.close()


def test_takes_arrive_with_their_words_and_nothing_in_them_is_obeyed(four):
    text = four.inner_text("main")
    for words in ("take 1 · seed 41", "take 4 · seed 44", "a man juggles <b>three</b> balls"):
        assert words in text
    assert four.evaluate("document.querySelectorAll('main b').length") == 0
    assert "sc010" in four.inner_text("#shots")
    assert four.inner_text("#frame") == f"1001 · 1 of {FRAMES}"


def lit(page: Page) -> list[int]:
    """Which frame each picture shows, by the row at its foot, which is lit from the left."""
    return page.evaluate(
        """(frames) => [...document.querySelectorAll('.take video')].map((video) => {
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
          const context = canvas.getContext('2d');
          context.drawImage(video, 0, 0);
          const row = context.getImageData(0, canvas.height - 6, canvas.width, 1).data;
          let last = 0;
          for (let x = 0; x < canvas.width; x += 1) if (row[4 * x] > 190) last = x + 1;
          return Math.round(last * frames / canvas.width);
        })""",
        FRAMES,
    )


def shows(page: Page, frame: int) -> None:
    """Wait until all pictures show a frame, counted from 1."""
    end = time.monotonic() + PATIENCE
    while lit(page) != [frame] * 4:
        assert time.monotonic() < end, lit(page)
        page.wait_for_timeout(20)


def test_the_pictures_are_the_takes_own_and_stand_on_one_frame(four):
    shows(four, 1)
    greys = four.evaluate(
        """[...document.querySelectorAll('.take video')].map((video) => {
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [320, 180];
          canvas.getContext('2d').drawImage(video, 0, 0);
          return canvas.getContext('2d').getImageData(200, 30, 1, 1).data[0];
        })"""
    )
    wanted = [int(picture(seed, 0)[30, 200, 0]) for seed in (41, 42, 43, 44)]
    assert all(abs(seen - meant) < 6 for seen, meant in zip(greys, wanted, strict=True)), greys


def test_one_scrub_bar_moves_all_and_the_arrows_step(four):
    four.evaluate(
        "(bar) => { bar.value = 11; bar.dispatchEvent(new Event('input')); }",
        four.query_selector("#scrub"),
    )
    shows(four, 12)
    assert four.inner_text("#frame") == f"1012 · 12 of {FRAMES}"
    four.keyboard.press("ArrowRight")
    shows(four, 13)
    four.keyboard.press("ArrowLeft")
    four.keyboard.press("ArrowLeft")
    shows(four, 11)
    for _ in range(20):
        four.keyboard.press("ArrowLeft")
    shows(four, 1)


def test_space_plays_all_in_sync_round_and_round_and_stops(four):
    four.keyboard.press("Space")
    until(four, "[...document.querySelectorAll('.take video')].every((v) => !v.paused)")
    apart, seen = [], set()
    for _ in range(60):
        frames = lit(four)
        apart.append(max(frames) - min(frames))
        seen.add(frames[0])
        four.wait_for_timeout(25)
    assert len(seen) > 5, "nothing moves"
    assert sorted(apart)[len(apart) // 2] <= 2, apart
    four.keyboard.press("Space")
    until(four, "[...document.querySelectorAll('.take video')].every((v) => v.paused)")
    stopped = lit(four)[0]
    shows(four, stopped)


def test_it_is_judged_by_keyboard_alone(four, service):
    def told(number: int) -> tuple[str, str]:
        entry = service.unit.take(f"sc010-{number}")
        return entry.rating, entry.note

    four.keyboard.press("2")
    four.keyboard.press("ArrowUp")
    happens(four, lambda: told(2)[0] == "circled")
    four.keyboard.press("3")
    four.keyboard.press("ArrowDown")
    happens(four, lambda: told(3)[0] == "rejected")
    four.keyboard.press("2")
    four.keyboard.press("n")
    four.keyboard.type("the 3rd ball is late? d ↑")
    four.keyboard.press("Enter")
    happens(four, lambda: told(2)[1] == "the 3rd ball is late? d ↑")
    assert (told(1), told(4)) == (("", ""), ("", ""))
    until(four, "document.querySelector('[data-take=sc010-2]').innerText.includes('● circled')")
    until(four, "document.querySelector('[data-take=sc010-3]').innerText.includes('✕ rejected')")
    assert "1 circled" in four.inner_text("#shots")
    assert "circled" in four.inner_text("#aloud") or "rejected" in four.inner_text("#aloud")
    four.keyboard.press("ArrowUp")
    happens(four, lambda: told(2)[0] == "")
    with four.expect_download() as download:
        four.keyboard.press("d")
    assert download.value.suggested_filename == "sc010_t002.mov"
    media = service.unit.take("sc010-2").take.media
    with open(download.value.path(), "rb") as got, open(media, "rb") as meant:
        assert got.read() == meant.read()


def test_the_keys_are_told_and_hidden_again(four):
    assert four.is_hidden("#keys")
    four.keyboard.press("?")
    assert four.is_visible("#keys")
    for words in ("choose a take", "play, stop", "circle", "reject", "note", "download"):
        assert words in four.inner_text("#keys")
    four.keyboard.press("Escape")
    assert four.is_hidden("#keys")


def test_every_control_is_reached_by_tab_with_a_ring_round_it(four):
    reached = set()
    for _ in range(40):
        four.keyboard.press("Tab")
        told = four.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
              return [e.id || e.dataset.take || e.dataset.shot || e.tagName, s.outlineStyle,
                      s.outlineWidth, s.outlineColor]; }"""
        )
        if told[0] == "BODY":
            continue
        reached.add(told[0])
        assert told[1:] == ["solid", "2px", "rgb(232, 163, 61)"], told
    takes = {f"sc010-{number}" for number in (1, 2, 3, 4)}
    wanted = {"show-keys", "play", "scrub", "note", "circle", "reject", "download"}
    assert takes | wanted | {"sc010 0"} <= reached


CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((c) => c / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!colour.endsWith(', 0)')) return colour;
    }
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest('.unseen')) continue;
    const pair = [light(getComputedStyle(e).color), light(behind(e))].sort((a, b) => b - a);
    found.push([walk.currentNode.data.trim(), (pair[0] + 0.05) / (pair[1] + 0.05)]);
  }
  return found;
}"""


def test_every_word_can_be_read(four, service, tmp_path):
    service.worker.problem = NotEnoughMemory("Needs 3 GB more", "", "Shoot it at 480p")
    shoot(service, tmp_path, "failing")
    until(four, "document.body.dataset.queue === 'failed'")
    four.keyboard.press("?")
    four.keyboard.press("1")
    for rating in ("circled", "rejected"):
        service.unit.rate("sc010-1", rating)
        until(four, f"document.querySelector('.take').dataset.rating === '{rating}'")
        words = four.evaluate(CONTRAST)
        assert len(words) > 30
        assert [each for each in words if each[1] < 4.5] == []


def test_what_can_be_hit_is_large_enough(four):
    small = four.evaluate(
        """[...document.querySelectorAll('button, .button, input, textarea')]
          .filter((e) => e.checkVisibility())
          .map((e) => [e.id || e.innerText, e.getBoundingClientRect().height])
          .filter(([, height]) => height < 28)"""
    )
    assert small == []


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (400, 800), (800, 600)])
def test_nothing_is_wider_than_the_window_nor_lies_over_another(four, size):
    four.set_viewport_size({"width": size[0], "height": size[1]})
    four.wait_for_timeout(100)
    assert four.evaluate("document.documentElement.scrollWidth") <= size[0]
    boxes = four.evaluate(
        """['#takes', '#transport', '#judged', 'footer'].map((s) => {
          const box = document.querySelector(s).getBoundingClientRect();
          return [box.top, box.bottom]; })"""
    )
    for above, below in pairwise(boxes[:3]):
        assert above[1] <= below[0] + 0.5
    if size[0] > 900:
        assert boxes[2][1] <= boxes[3][0] + 0.5, "what judges a take is not seen"


def test_while_it_is_shot_the_footer_tells_how_far_and_stops_it(page, service, tmp_path):
    service.worker.hold = True
    shoot(service, tmp_path, takes=2)
    until(page, "document.body.dataset.queue === 'shooting'")
    until(page, "document.querySelector('#queue').innerText.includes('38 %')")
    text = page.inner_text("#queue")
    for words in ("sc010", "shooting", "shot 1 of 2", "s left", "Pause", "Cancel"):
        assert words in text
    assert page.evaluate("document.querySelector('#queue progress').value") == 3
    assert "shooting" in page.inner_text("#underway")
    page.focus("[data-act='pause sc010']")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#queue').innerText.includes('paused')")
    page.click("text=Go on")
    until(page, "document.querySelector('#queue li').dataset.state === 'running'")
    page.click("[data-act='cancel sc010']")
    until(page, "!document.querySelector('#queue li')")
    assert service.unit.entry("sc010").state == "cancelled"


def test_all_is_paused_and_goes_on(page, service, tmp_path):
    service.worker.hold = True
    for name in "abcdefgh":
        shoot(service, tmp_path, name)
    until(page, "document.querySelector('#queue-words').innerText === 'and 3 more'")
    page.click("#hold")
    until(page, "document.querySelector('#hold').innerText === 'Go on with all'")
    assert service.unit.held
    page.click("#hold")
    until(page, "document.querySelector('#hold').innerText === 'Pause all'")
    assert not service.unit.held


def test_a_failure_tells_what_and_what_to_do(page, service, tmp_path):
    service.worker.problem = NotEnoughMemory(
        "Needs 3 GB more", "at 1080p", "Close the viewer's cache or shoot at 480p"
    )
    shoot(service, tmp_path)
    until(page, "document.body.dataset.queue === 'failed'")
    assert "Needs 3 GB more. at 1080p. Close the viewer's cache" in page.inner_text("#queue")
    service.worker.problem = None
    page.click("[data-act='retry sc010']")
    until(page, f"{SEEN} === 1")
    assert page.inner_text("#queue") == ""


def test_what_the_engine_asks_is_shown_until_it_is_seen(page, service, tmp_path):
    service.worker.hold = True
    service.worker.ask = "click the leash once on 57"
    shoot(service, tmp_path)
    until(page, "!document.querySelector('#needs').hidden")
    assert "Needs you · sc010: click the leash once on 57" in page.inner_text("#needs")
    page.click("#needs button")
    assert page.is_hidden("#needs")
    service.worker.go_on(9)


def test_what_the_model_believes_so_far_is_shown(page, service, tmp_path):
    service.worker.hold = True
    shoot(service, tmp_path)
    until(page, "document.body.dataset.queue === 'shooting'")
    path = tmp_path / "preview.png"
    contact_sheet([Row("so far", [picture(1, 0).astype("float32") / 255], [])], path)
    service.worker._say(Event("preview", "sc010", "shooting", 2, 4, 3.0, preview=str(path)))
    until(page, "document.querySelector('#underway-picture').naturalWidth > 0")
    assert page.is_visible("#underway-picture")


def test_another_s_judgement_is_seen_here(four, service):
    service.unit.rate("sc010-4", "circled")
    until(four, "document.querySelector('[data-take=sc010-4]').dataset.rating === 'circled'")


def test_a_note_under_way_is_not_lost_to_news(four, service):
    four.keyboard.press("1")
    four.keyboard.press("n")
    four.keyboard.type("half a thou")
    service.unit.rate("sc010-1", "circled")
    until(four, "document.querySelector('.take').dataset.rating === 'circled'")
    four.keyboard.type("ght")
    four.keyboard.press("Enter")
    happens(four, lambda: service.unit.take("sc010-1").note == "half a thought")


def test_more_than_four_takes_are_more_shots_and_keys_go_between(page, service, tmp_path):
    shoot(service, tmp_path, takes=6)
    until(page, f"document.querySelectorAll('#shots button').length === 2 && {SEEN} === 4")
    page.keyboard.press("]")
    until(page, f"{SEEN} === 2 && document.querySelectorAll('.take').length === 2")
    assert "take 5 · seed 4" in page.inner_text("main")
    page.keyboard.press("4")
    page.keyboard.press("2")
    assert page.evaluate("document.querySelector('[aria-current=true].take').dataset.take") == (
        "sc010-6"
    )
    page.keyboard.press("[")
    until(page, "document.querySelectorAll('.take').length === 4")


def test_when_the_engine_goes_it_is_said_and_nothing_is_lost(browser, tmp_path):
    data = tmp_path / "data"
    with served(data) as service:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{service.base}/#token={service.keys.token}")
        shoot(service, tmp_path, takes=2)
        until(page, f"{SEEN} === 2")
        port = service.port
    until(page, "document.body.dataset.state === 'gone'")
    assert "nothing is lost" in page.inner_text("#connection")
    assert page.is_visible("#viewer")
    with served(data, port=port) as service:
        shoot(service, tmp_path, "sc020", takes=1)
        until(page, "document.body.dataset.state === 'here'")
        until(page, "document.querySelectorAll('#shots button').length === 2")
        assert page.evaluate("document.querySelectorAll('.take').length") == 2
    page.close()
