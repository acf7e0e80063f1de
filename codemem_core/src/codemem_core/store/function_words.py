"""Function words of other languages than English: they say nothing of what a question is about.

They are left out where a text is of their language, which two of them show that are no English
words too. On the hook path: `re` only, and only for text with hardly any English function word.
"""

# ruff: noqa: RUF001 - letters of other languages

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LEAST = 2
_WORDS = {
    name: frozenset(words.split())
    for name, words in {
        "de": "aber als am an auch auf aus bei bis da damit dann darf das dass dem den denn der des"
        " die dies diese diesem diesen dieser dieses doch du durch ein eine einem einen einer"
        " eines er es für gibt habe haben hat hatte ich ihr im in ist ja jede jedem jeden"
        " jeder jedes kann kein keine können man mein mich mir mit muss nach nicht noch nur ob"
        " oder ohne sein seine sich sie sind so soll sollen um und uns unser unsere unter vom"
        " von vor wann war waren warum was weil welche welchem welchen welcher welches wenn"
        " wer werden wie wieder wieso wir wird wo wohin womit wurde wurden zu zum zur zwischen"
        " über",
        "es": "a al algo ante aquí así aunque cada como con cuando cuál cuáles cuándo cuánta"
        " cuántas cuánto cuántos cómo de del desde donde dónde el ella ellos en entre era es"
        " esa ese eso esta este esto estos está están fue ha hace hacia han hasta hay la las"
        " le les lo los me mi muy más no nos nosotros nuestra nuestro o para pero por porque"
        " puede pueden que quién quiénes qué se ser si sin sobre son su sus sí también tan te"
        " tiene tienen tu un una uno unos y ya",
        "fr": "a ai au aux avec avons c ce ces cet cette comme comment d dans de depuis des doit"
        " doivent du elle elles en entre est et eux fait font il ils j je l la le les leur"
        " leurs lors lorsque mais me mes moi mon n ne nos notre nous on ont ou où par pas peut"
        " peuvent plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans"
        " se ses si son sont sous sur ta te tes toi ton tu un une vos votre vous y être",
        "it": "a ai al alla alle anche c che chi ci come con cosa cui d da dai dal dalla degli dei"
        " del della delle di dove e ed gli ha hanno i il in io l la le lo loro ma me mi mio ne"
        " nei nel nella no noi non nostra nostro o per perché più può qual quale quali quando"
        " quanti quanto quello questa questo se si sia sono su sul sulla suo tra tu un una uno"
        " vengono viene è",
        "pt": "a ao aos as até com como da das de dela dele do dos e ela ele em entre era essa esse"
        " esta este está eu foi há isso isto já mais mas me meu muito na nas nem no nos nossa"
        " nosso não o onde os ou para pela pelo pode podem por porque quais qual quando quanto"
        " quantos que quem se sem ser seu sua são só também tem têm um uma é",
        "nl": "aan als bij dan dat de deze die dit doe door dus een en er geen had heb hebben heeft"
        " het hij hoe ik in is ja je kan kunnen maar me meer met mijn moet moeten naar niet"
        " nog nu of om ons onze ook op over te tot uit van veel voor waar waarom wanneer wat"
        " we wel welk welke werd wie wij word worden wordt zal ze zijn zo zou",
        "ru": "а без бы был была были было быть в вам вас весь во вот все всех вы где да для до его"
        " ее если есть же за и из или им их к как какая какие какой каком когда кого который"
        " кто куда ли мне можно мой мы на над нам нас наш не него нет ни них но о об он она"
        " они от по под почему при с сколько со та так там те тебе то того только том тот ты у"
        " уже чем что чтобы эта эти это этого я",
    }.items()
}
# Words of theirs that English has too: no sign of the language.
_ENGLISH_TOO = frozenset(
    "a am an as at come d da de dem die do e en er had hat in is it l la le les lo man me met mi"
    " mine no o of on or os over per s se si sin so son te to toe ton tu um un van war was we"
    " y".split()
)
# What Chinese and Japanese ask with; the letters beside them make no word with it.
_ASKING = re.compile(
    "为什么|什么|怎么样|怎么|怎样|如何|我们|你们|他们|咱们|多少|多久|多大|多长|可以|是否|有没有|应该|需要"
    "|哪个|哪些|哪里|哪儿|時候|时候|[的了吗呢吧这那哪谁]"
    "|どうして|なぜ|どのように|どのくらい|いつ|どこ|どの|どれ|どう|です|ます|した|する|して|から|まで"
    "|[をはがにでとものへか](?![\u3040-\u309f])"
)


def without_function_words(terms: list[str]) -> list[str]:
    """Return the terms without the function words of their language."""
    signs = {name: _signs(terms, words) for name, words in _WORDS.items()}
    language = max(signs, key=lambda name: signs[name])
    if signs[language] < _LEAST:
        return terms
    return [term for term in terms if term not in _WORDS[language]]


def without_asking(text: str) -> str:
    """Return Chinese or Japanese text with spaces for the words that only ask or join."""
    return _ASKING.sub(" ", text)


def _signs(terms: Iterable[str], words: frozenset[str]) -> int:
    return sum(term in words and term not in _ENGLISH_TOO for term in terms)
