"""Asking for a person in other languages than English: hits, and questions that are near them."""

from __future__ import annotations

import pytest

from supportbot.model.phrases import Said
from supportbot.model.wish_phrases import LANGUAGES
from supportbot.model.wishes import wants_person

HITS = {
    "German": [
        "Kann ich bitte mit einem Menschen sprechen?",
        "Ich möchte mit einem echten Mitarbeiter reden!",
        "ich will mit jemandem vom Support sprechen",
        "Hallo, bitte mit einem Menschen verbinden, danke",
        "Einen Mitarbeiter bitte",
        "Können Sie mich mit einem Mitarbeiter verbinden?",
    ],
    "French": [
        "Je voudrais parler à un humain, s'il vous plaît",
        "j’aimerais parler à quelqu’un",
        "Puis-je parler avec un conseiller ?",
        "parler a un humain",
        "Un vrai conseiller svp",
        "J'ai besoin de parler à une vraie personne",
    ],
    "Spanish": [
        "Quiero hablar con una persona",
        "¿Puedo hablar con un agente, por favor?",
        "HABLAR CON UN HUMANO",
        "hola, necesito hablar con alguien",
        "un agente por favor",
        "Me gustaría hablar con una persona real, gracias",
    ],
    "Italian": [
        "Vorrei parlare con un operatore",
        "Posso parlare con una persona?",
        "ho bisogno di parlare con qualcuno",
        "operatore",
        "Buongiorno, un operatore umano per favore",
    ],
    "Portuguese": [
        "Quero falar com um atendente",
        "Olá, gostaria de falar com uma pessoa, por favor",
        "Posso falar com alguém da equipe?",
        "falar com humano",
        "um atendente por favor",
    ],
    "Dutch": [
        "Ik wil graag met een medewerker spreken",
        "Kan ik met een echt mens praten?",
        "Mag ik iemand spreken",
        "een medewerker alstublieft",
        "Kunt u mij met een medewerker doorverbinden?",
    ],
    "Polish": [
        "Chcę rozmawiać z człowiekiem",
        "chce porozmawiac z konsultantem",
        "Czy mogę porozmawiać z żywym człowiekiem?",
        "Proszę połączyć mnie z konsultantem",
        "Dzień dobry, proszę o kontakt z pracownikiem",
    ],
    "Swedish": [
        "Jag vill prata med en människa",
        "Kan jag få prata med någon?",
        "hej, jag skulle vilja tala med en riktig person tack",
        "en människa, tack",
        "Koppla mig till en medarbetare",
    ],
    "Danish": [
        "Jeg vil gerne tale med et menneske",
        "Må jeg tale med en medarbejder?",
        "kan jeg snakke med nogen fra kundeservice",
        "et rigtigt menneske, tak",
        "Jeg har brug for at tale med en person",
    ],
    "Norwegian": [
        "Jeg vil snakke med et menneske",
        "Kan jeg få snakke med en kundebehandler?",
        "snakke med noen på kundeservice",
        "et ekte menneske, takk",
    ],
    "Turkish": [
        "Bir insanla konuşmak istiyorum",
        "BİR İNSANLA KONUŞMAK İSTİYORUM",
        "gerçek bir kişiyle görüşebilir miyim?",
        "Beni müşteri temsilcisine bağlayın lütfen",
        "canli destek",
    ],
    "Russian": [
        "Хочу поговорить с человеком",
        "Можно поговорить с оператором?",
        "Соедините меня с оператором, пожалуйста",
        "оператор",
        "Здравствуйте, мне нужен живой человек",
        "позовите менеджера",
    ],
    "Ukrainian": [
        "Хочу поговорити з людиною",
        "Можна поговорити з оператором?",
        "З'єднайте мене з оператором, будь ласка",
        "жива людина",
    ],
    "Japanese": [
        "人間と話したいです",
        "担当者と直接話したいのですが。",
        "オペレーターにつないでください",
        "すみません、担当の方をお願いします",
        "人と話せますか?",
        "オペレーターに繋いでもらえますか？",
    ],
    "Chinese": [
        "转人工",
        "我要人工客服",
        "请帮我转接人工客服,谢谢!",
        "我想和真人聊天",
        "可以转人工吗?",
        "請幫我轉接真人客服",
    ],
    "Korean": [
        "상담원 연결해 주세요",
        "상담원과 통화하고 싶어요",
        "사람과 대화하고 싶습니다.",
        "안녕하세요, 상담원 연결 부탁드립니다",
        "직원과 상담할 수 있을까요?",
    ],
}
NEAR_MISSES = {
    "German": [
        "ein Mitarbeiter",
        "Wie kann ich eine Person hinzufügen?",
        "Mensch!",
        "Muss ich mit einem Mitarbeiter sprechen?",
        "Ich möchte nicht mit einem Menschen sprechen",
        "Ich möchte mit einem Mitarbeiter über meine Rechnung sprechen",
        "Kann ich mit einer Person mehrere Konten verbinden?",
        "eine Person",
        "Brauche ich einen Mitarbeiter?",
    ],
    "French": [
        "un agent",
        "Comment ajouter une personne ?",
        "une personne",
        "je ne veux parler à personne",
        "Je veux parler à personne",
        "je voudrais parler à un humain de ma facture",
        "un agent peut-il modifier la commande ?",
        "Je veux un agent ?",
    ],
    "Spanish": [
        "un agente",
        "¿Cómo agrego una persona?",
        "una persona",
        "No quiero hablar con una persona",
        "¿Necesito hablar con un agente?",
        "quiero hablar con una persona sobre mi factura",
    ],
    "Italian": [
        "Come aggiungo una persona?",
        "una persona",
        "Non voglio parlare con un operatore",
        "Devo parlare con un operatore?",
        "vorrei parlare con un operatore della fattura 12",
    ],
    "Portuguese": [
        "um agente",
        "Como adiciono uma pessoa?",
        "uma pessoa",
        "Não quero falar com um atendente",
        "Preciso falar com um atendente?",
        "quero falar com um atendente sobre a fatura",
    ],
    "Dutch": [
        "een medewerker",
        "Hoe voeg ik een medewerker toe?",
        "een persoon",
        "Ik wil niet met een medewerker spreken",
        "Moet ik met een medewerker bellen?",
        "Kan ik een medewerker verwijderen?",
    ],
    "Polish": [
        "Jak dodać pracownika?",
        "Nie chcę rozmawiać z człowiekiem",
        "człowiek",
        "Muszę rozmawiać z konsultantem?",
        "chcę porozmawiać z konsultantem o fakturze",
    ],
    "Swedish": [
        "en medarbetare",
        "Hur lägger jag till en person?",
        "en person",
        "Jag vill inte prata med en människa",
        "Måste jag prata med en människa?",
        "jag vill prata med en medarbetare om fakturan",
    ],
    "Danish": [
        "en medarbejder",
        "Hvordan tilføjer jeg en person?",
        "en person",
        "Jeg vil ikke tale med et menneske",
        "Skal jeg tale med en medarbejder?",
    ],
    "Norwegian": [
        "en medarbeider",
        "Hvordan legger jeg til en person?",
        "en person",
        "Jeg vil ikke snakke med et menneske",
        "Må jeg snakke med en kundebehandler?",
    ],
    "Turkish": [
        "Nasıl kişi eklerim?",
        "bir kişi",
        "bir insanla konuşmak istemiyorum",
        "temsilci",
        "fatura için bir insanla konuşmak istiyorum",
    ],
    "Russian": [
        "Как добавить сотрудника?",
        "человек",
        "Не хочу говорить с оператором",
        "Мне нужно поговорить с оператором?",
        "Хочу поговорить с оператором о счёте",
    ],
    "Ukrainian": [
        "Як додати людину?",
        "людина",
        "Не хочу говорити з людиною",
        "Мені потрібно поговорити з оператором?",
    ],
    "Japanese": [
        "人を追加したい",
        "人",
        "担当者を変更したい",
        "人間と話したくない",
        "オペレーターの料金について話したい",
    ],
    "Chinese": [
        "人工智能",
        "怎么添加人员",
        "不要转人工",
        "我不想和真人聊天",
        "需要人工吗",
        "人工客服几点上班?",
    ],
    "Korean": [
        "사람을 추가하고 싶어요",
        "사람",
        "상담원 연결하지 마세요",
        "상담원 시간이 어떻게 되나요?",
    ],
}


def pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in table.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), pairs(HITS))
def test_a_wish_for_a_person_is_recognised_as_one_of_its_language(name: str, text: str) -> None:
    assert wants_person(text)
    assert name in [language.name for language in LANGUAGES if language.has(Said.of(text))]


@pytest.mark.parametrize(("name", "text"), pairs(NEAR_MISSES))
def test_what_only_sounds_like_it_is_no_wish(name: str, text: str) -> None:
    assert not wants_person(text), name


@pytest.mark.parametrize(("name", "text"), pairs(HITS))
def test_a_wish_that_says_anything_else_is_no_wish(name: str, text: str) -> None:
    for more in ("42", "Rocket", "https://x.example", "\N{CJK UNIFIED IDEOGRAPH-72D7}"):
        assert not wants_person(f"{text} {more}"), name
        assert not wants_person(f"{more} {text}"), name
    assert not wants_person(f"{text} {text} {text}"), name


def test_every_language_is_tried_on_hits_and_near_misses() -> None:
    names = [language.name for language in LANGUAGES]
    assert names == list(HITS) == list(NEAR_MISSES)
    assert len(names) == 16


def test_a_long_message_is_not_looked_at() -> None:
    assert Said.of("a human, please? " * 500_000) == Said((), is_question=False)
