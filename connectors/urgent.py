"""The short form of an emergency post: what, where and when, and what to do first, in the text's own sentences. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from connectors import gist
from connectors import text as words
from connectors.gist import ACTION, PLACE, TIME, Sentence
from connectors.pieces import joined
from connectors.rules import Choice, Form
from connectors.values import Content, Note, Problem
from connectors.words import N_

BREVITY, SHORT, FULL = "brevity", "short", "full"
_MOST_ACTIONS, _EARLY = 4, 3


def choice(part: str) -> Choice:
    """The author's choice of length; `part` of the payload is what it changes."""
    return Choice(
        key=BREVITY,
        label=N_("篇幅"),
        part=part,
        automatic=N_("自动（紧急稿件用应急短版）"),
        options=(Form(key=SHORT, label=N_("应急短版")), Form(key=FULL, label=N_("常规"))),
    )


def wants_short(content: Content) -> bool:
    """Whether this post takes the short form: the author's word first, else whether it is urgent."""
    given = content.overrides.get(BREVITY)
    return given == SHORT if given is not None else content.urgent


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What, where and when: `summary`, and in `news` sentences of the text for what it does not say; `actions` in their order,
    behind the words they stand under in the text; `contact`: a sentence with a telephone number, or None."""

    summary: str
    news: tuple[Sentence, ...]
    actions: tuple[Sentence, ...]
    contact: Sentence | None

    @property
    def said(self) -> bool:
        """Whether there is any of it at all."""
        return bool(self.summary or self.news or self.actions)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What a reader cannot find in it."""
        told = "\n".join([self.summary, *(one.text for one in self.news)])
        found = (
            ("时间", TIME.search(told)),
            ("地点", PLACE.search(told)),
            ("该怎么做", self.actions or ACTION.search(told)),
        )
        return tuple(name for name, there in found if not there)


def brief(content: Content, document: words.Document) -> Brief:
    """Deterministic; everything in it is taken from the text as it stands."""
    found = gist.sentences_of(document, content.title)
    # What is told as untrue is nothing to go by, and nothing to begin with.
    true = [one for one in found if not one.denied]
    contact = next((one for one in true if not one.needs and gist.names_a_telephone(one.text)), None)
    asked = [one for one in true if one.asked]
    # A summary that tells one to do something does not tell all of it.
    # What tells when and where is the news, whatever it asks for at its end.
    first = _first(true, content)
    actions = asked or [
        one for one in true if gist.asks_for_something(one.text) and one is not contact and one is not first
    ]
    actions = [one for one in actions if one.text not in content.summary]
    actions = _most(actions)
    taken = {one.number for one in actions} | ({contact.number} if contact else set())
    rest = [one for one in true if one.number not in taken and not one.asked]
    summary = words.drop_links(words.tidy(content.summary))[0]
    return Brief(
        summary=summary,
        news=_news(rest or true or found, content.title, summary),
        actions=tuple(gist.complete(actions)),
        contact=contact,
    )


def _first(true: list[Sentence], content: Content) -> Sentence | None:
    """The weightiest sentence that tells time and place, where it stands among the first."""
    telling = [one for one in true[:_EARLY] if not one.asked and TIME.search(one.text) and PLACE.search(one.text)]
    return max(telling, key=lambda one: (gist.weight(one, content.title), -one.number), default=None)


def _most(actions: list[Sentence]) -> list[Sentence]:
    """The first few, and all of the list in which they end."""
    kept = actions[:_MOST_ACTIONS]
    if kept and (whole := gist.list_of(kept[-1], actions)):
        kept += [one for one in whole if one not in kept]
    return kept


def _news(found: list[Sentence], title: str, summary: str) -> tuple[Sentence, ...]:
    """As few sentences as tell time and place where the summary does not, the weightiest first chosen."""
    ranked = sorted(found, key=lambda one: (not one.denying, -gist.weight(one, title), one.number))
    # What denies a rumour is the news, all of it.
    chosen = [] if summary else [one for at, one in enumerate(ranked) if at == 0 or one.denying]
    for pattern in (TIME, PLACE):
        if not pattern.search("\n".join([summary, *(one.text for one in chosen)])):
            chosen += [one for one in ranked if pattern.search(one.text)][:1]
    chosen += [each for one in chosen for each in gist.list_of(one, found)]
    return tuple(gist.complete(chosen))


def one_screen(brief: Brief, fits: Callable[[str], bool]) -> Brief:
    """As much of the brief as fits, the most needed first: the news with its time, the first action, all other news, actions, telephone."""
    shown = replace(brief, news=(), actions=(), contact=None)
    if brief.summary and not fits(told(shown)):
        return replace(shown, summary="")
    steps: list[tuple[str, Sentence]] = [("news", one) for one in brief.news[:1]]
    if not any(TIME.search(one.text) for one in brief.news[:1]):
        steps += [("news", one) for one in brief.news[1:] if TIME.search(one.text)][:1]
    steps += [("actions", one) for one in brief.actions[:1]]
    steps += [("news", one) for one in brief.news[1:]]
    steps += [("actions", one) for one in brief.actions[1:]]
    if brief.news and not fits(told(replace(shown, news=_begun(brief)))):
        # A long first sentence is told up to a clause, with room for the first thing to do.
        for wanted in (brief.actions[:1], ()):
            acting = tuple(gist.complete(wanted))
            less = gist.shortened(brief.news[0], _fitting_with(replace(shown, actions=acting), fits))
            if less is not None:
                shown, steps = replace(shown, news=(less,)), steps[1:]
                break
    for name, one in steps:
        # A heading without which it says less but nothing else gives way.
        for form in (one, replace(one, labels=one.labels[1:])) if one.optional else (one,):
            grown = tuple(gist.complete([*(shown.news if name == "news" else shown.actions), form]))
            tried = replace(shown, news=grown) if name == "news" else replace(shown, actions=grown)
            if fits(told(tried)):
                shown = tried
                break
    # The last item of a list makes the words needless that say that there are more.
    for tried in (replace(shown, actions=brief.actions), replace(shown, news=brief.news)):
        if (shown.actions or shown.news) and fits(told(tried)):
            shown = tried
    with_contact = replace(shown, contact=brief.contact)
    return with_contact if shown.said and fits(told(with_contact)) else shown


def _fitting_with(shown: Brief, fits: Callable[[str], bool]) -> Callable[[Sentence], bool]:
    return lambda one: fits(told(replace(shown, news=(one,))))


def _begun(brief: Brief) -> tuple[Sentence, ...]:
    return tuple(gist.complete(brief.news[:1]))


def told(brief: Brief) -> str:
    """The brief as a text, each part on its line."""
    contact = [brief.contact] if brief.contact else []
    lines = [brief.summary, *(joined(part) for part in (brief.news, brief.actions, contact))]
    return "\n".join(line for line in lines if line)


def note(brief: Brief, place: str) -> Note:
    """What of the brief stands at `place`, and where it was taken from."""
    sources = ["摘要"] if brief.summary else []
    sources += [f"正文{gist.numbers(brief.news)}"] if brief.news else []
    taken = [f"何事、何地、何时取{'和'.join(sources)}"] if sources else []
    taken += [f"先做什么取正文{gist.numbers(brief.actions)}"] if brief.actions else []
    return Note(kind="urgent", message=f"{place}用应急短版：{'，'.join(taken)}。可在“篇幅”中改为常规。")


def problems(brief: Brief, field: str) -> list[Problem]:
    """What an urgent post should say and does not: advice, the author knows best."""
    if not brief.lacks:
        return []
    said = (
        f"应急短版里没有找到{'、'.join(brief.lacks)}。读者要先知道何事、何地、何时、先做什么。请在摘要或正文开头写明。"
    )
    return [Problem(rule="urgent.lacks", severity="advise", message=said, field=field)]
