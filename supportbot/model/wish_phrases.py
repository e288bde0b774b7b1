"""How people ask for a person in languages other than English: a table, as `phrases` reads it.

What is not in it is no wish: rather one too few than a question that nobody answers. "One person"
answers how many, so a person alone is none, unless it is to be a real one.
"""

from __future__ import annotations

from supportbot.model.phrases import Language

LANGUAGES = (
    Language(
        "German",
        says=(
            "[ich] möchte|will [bitte|gern|gerne|lieber] [jetzt|direkt] {with} {talk}",
            "ich würde|muss [bitte|gern|gerne|lieber] [jetzt|direkt] {with} {talk}",
            "{with} {talk}",
            "{with} verbinden",
            "verbinde|verbinden|verbindet [sie] mich|uns [bitte] {with}",
            "ich brauche|möchte|will|hätte [bitte|gern|gerne|lieber|jetzt] {staff}",
            "an {staff} weiterleiten|weitergeben|übergeben",
            "ein|einen mensch|menschen|ansprechpartner",
            "[eine] {real} {noun}",
            "[ein|einen|eine] mitarbeiter|mitarbeiterin|ansprechpartner|mensch bitte",
        ),
        asks=(
            "kann|könnte|darf|dürfte ich [bitte] {with} [bitte] {talk}",
            "kannst|könntest|können|könnten du|sie|ihr mich|uns [bitte] {with} verbinden",
        ),
        hello="hallo|hi|hey|moin|guten_tag|guten_morgen|guten_abend|ok|okay|bitte",
        please="bitte|danke|vielen_dank|jetzt|sofort",
        parts={
            "talk": "sprechen|reden|chatten|telefonieren",
            "real": "echter|echte|echten|richtigen|richtige|menschlichen|menschlicher",
            "noun": "mensch|menschen|person|mitarbeiter|mitarbeiterin|kollegen|kollegin|berater"
            "|beraterin|ansprechpartner",
            "ours": "vom|aus_dem|aus_eurem|aus_ihrem support|kundenservice|kundendienst|team",
            "staff": "ein|einen|eine|einem|einer [{real}] {noun} [{ours}] / {real} {noun}",
            "with": "mit {staff} / mit {noun} [{ours}] / mit jemand|jemandem|jemanden [{ours}]",
        },
    ),
    Language(
        "French",
        says=(
            "je veux|voudrais|souhaite|souhaiterais|préfère [bien] {talk} à|avec {anyone}",
            "j'aimerais|j'ai_besoin_de [bien] {talk} à|avec {anyone}",
            "parler à|avec {anyone}",
            "je veux|voudrais {person}",
            "j'ai_besoin d {person}",
            "passez-moi|passe-moi {person}",
            "mettez-moi|mets-moi en_relation|en_contact avec {anyone}",
            "transférez-moi|transfère-moi à|vers {person}",
            "un [vrai|véritable] humain|être_humain|conseiller",
            "un agent|opérateur|conseiller humain",
            "une vraie|véritable personne",
            "une personne réelle|humaine|physique",
            "[un] conseiller|opérateur|agent|humain s'il_vous_plaît|svp|stp",
        ),
        asks=("[est-ce_que] puis-je|pourrais-je|je_peux|je_pourrais {talk} à|avec {anyone}",),
        hello="bonjour|bonsoir|salut|ok",
        please="s'il_vous_plaît|s'il_te_plaît|svp|stp|merci|merci_d'avance|maintenant",
        parts={
            "talk": "parler|discuter|échanger|chatter",
            "person": "un|une [vrai|vraie|véritable] humain|humaine|être_humain|personne|conseiller"
            "|conseillère|agent|opérateur|opératrice [humain|humaine|réel|réelle|physique]",
            "anyone": "{person} / quelqu'un [de_l'équipe|du_support]",
        },
    ),
    Language(
        "Spanish",
        says=(
            "[yo] quiero|quisiera|necesito|prefiero|deseo|me_gustaría {talk} con {anyone}",
            "hablar|comunicarme con {anyone}",
            "quiero|quisiera|necesito|prefiero [a] un|una {noun} [{real}]",
            "páseme|pásame|comuníqueme|comunícame|conécteme|conéctame|transfiérame con|a {anyone}",
            "un humano|ser_humano|asesor [{real}]",
            "[una] persona {real}",
            "[un] humano|agente|operador|asesor por_favor|real|humano",
        ),
        asks=(
            "puedo|podría|podemos|puede {talk} con {anyone}",
            "me puede|puedes|podría|podrías pasar|comunicar|conectar|transferir con|a {anyone}",
        ),
        hello="hola|buenas|buenos_días|buenas_tardes|buenas_noches|ok",
        please="por_favor|porfavor|porfa|gracias|ahora|ya",
        parts={
            "talk": "hablar|chatear|comunicarme|conversar",
            "noun": "humano|humana|ser_humano|persona|agente|operador|operadora|asesor|asesora"
            "|representante",
            "real": "humano|humana|real|de_verdad|de_carne_y_hueso",
            "anyone": "[un|una] {noun} [{real}] / alguien [del_equipo|de_soporte]",
        },
    ),
    Language(
        "Italian",
        says=(
            "[io] voglio|vorrei|devo|preferisco|preferirei|desidero {talk} con {anyone}",
            "[ho_bisogno_di] parlare con {anyone}",
            "ho_bisogno_di|mi_serve|voglio|vorrei {person}",
            "mi_passi|mi_passa|passami|passatemi {person}",
            "un operatore|umano|essere_umano|consulente [umano|reale|vero]",
            "una persona reale|vera|umana|in_carne_e_ossa",
            "operatore [umano]",
        ),
        asks=(
            "posso|potrei|possiamo|si_può {talk} con {anyone}",
            "può_passarmi|puoi_passarmi|mi_passa|mi_passi {person}",
        ),
        hello="ciao|salve|buongiorno|buonasera|ok",
        please="per_favore|perfavore|per_cortesia|grazie|adesso|ora|subito",
        parts={
            "talk": "parlare|chattare",
            "person": "un|uno|una operatore|operatrice|persona|umano|essere_umano|consulente"
            " [umano|umana|reale|vero|vera|in_carne_e_ossa]",
            "anyone": "{person} / operatore [umano] / qualcuno [del_team|dell'assistenza]",
        },
    ),
    Language(
        "Portuguese",
        says=(
            "[eu] quero|queria|gostaria_de|preciso|preciso_de|prefiro|desejo {talk} com {anyone}",
            "falar com {anyone}",
            "quero|queria|preciso|preciso_de um|uma {noun} [{real}]",
            "me_transfere|me_transfira|me_passe|me_passa|transfira-me para|a|com {anyone}",
            "um humano|ser_humano|atendente [{real}]",
            "[um] agente|operador humano",
            "[uma] pessoa {real}",
            "atendente [humano|humana]",
        ),
        asks=(
            "posso|poderia|podemos {talk} com {anyone}",
            "pode|poderia me transferir|passar para {anyone}",
        ),
        hello="olá|oi|bom_dia|boa_tarde|boa_noite|ok",
        please="por_favor|pfv|obrigado|obrigada|agora|já",
        parts={
            "talk": "falar|conversar",
            "noun": "humano|humana|ser_humano|pessoa|atendente|agente|operador|operadora",
            "real": "humano|humana|real|de_verdade",
            "anyone": "[um|uma] {noun} [{real}] / alguém [da_equipe|da_equipa|do_suporte]",
        },
    ),
    Language(
        "Dutch",
        says=(
            "ik wil|zou|moet [graag|liever] met {anyone} [willen] {talk}",
            "[graag] met {anyone} {talk}",
            "ik wil [graag|even|liever] {anyone} spreken",
            "verbind|verbindt mij|me [door] met|naar {person}",
            "ik wil [graag|liever] {person}",
            "een [echt|echte] mens",
            "een echt|echte persoon|medewerker",
            "[een] medewerker|mens aub|alstublieft|alsjeblieft",
        ),
        asks=(
            "kan|mag|zou ik [even|aub|alstublieft] met {anyone} {talk}",
            "kan|mag ik [even] {anyone} spreken",
            "kunt|kan|kun u|je mij|me met {person} doorverbinden|verbinden",
        ),
        hello="hallo|hoi|hi|goedendag|goedemorgen|goedemiddag|goedenavond|ok|oké",
        please="alstublieft|alsjeblieft|aub|graag|nu|bedankt|dank_u|dank_je",
        parts={
            "talk": "spreken|praten|chatten|bellen",
            "person": "een [echt|echte] mens|persoon|medewerker|medewerkster|collega",
            "anyone": "{person} / iemand [van_de_klantenservice|van_support]",
        },
    ),
    Language(
        "Polish",
        says=(
            "[ja] chcę|chciałbym|chciałabym|wolę|wolałbym|wolałabym|muszę|proszę {talk} z {with}",
            "[proszę] połącz|połączcie|połączyć mnie|nas [proszę] z {with}",
            "proszę_o połączenie|rozmowę|kontakt z {with}",
            "potrzebuję|poproszę {of}",
            "żywy|prawdziwy człowiek|konsultant",
            "człowiek|konsultant proszę",
        ),
        asks=("[czy] mogę|mógłbym|mogłabym {talk} z {with}",),
        hello="cześć|hej|dzień_dobry|witam|ok",
        please="proszę|dziękuję|dzięki|teraz",
        parts={
            "talk": "rozmawiać|porozmawiać|pogadać|czatować|skontaktować_się",
            "with": "[prawdziwym|żywym|prawdziwą|żywą] człowiekiem|konsultantem|konsultantką|osobą"
            "|pracownikiem|doradcą|operatorem|kimś",
            "of": "[prawdziwego|żywego] człowieka|konsultanta|pracownika|doradcę|operatora",
        },
    ),
    Language(
        "Swedish",
        says=(
            "jag vill|skulle_vilja|behöver|måste [gärna|hellre|få] {talk} med {anyone}",
            "prata|tala med {anyone}",
            "koppla mig [vidare] till {person}",
            "jag vill_ha|behöver {person}",
            "en [riktig|verklig|levande] människa|handläggare",
            "en riktig|verklig|levande person|medarbetare",
            "[en] människa|medarbetare tack",
        ),
        asks=(
            "kan|får|skulle jag [få|kunna] {talk} med {anyone}",
            "kan|kunde du|ni koppla mig [vidare] till {person}",
        ),
        hello="hej|hejsan|hallå|god_dag|ok|okej",
        please="tack|snälla|nu|tack_så_mycket",
        parts={
            "talk": "prata|tala|chatta|snacka",
            "person": "en [riktig|verklig|levande] människa|person|medarbetare|handläggare",
            "anyone": "{person} / någon [på_supporten|i_supporten|på_kundtjänst]",
        },
    ),
    Language(
        "Danish",
        says=(
            "jeg vil|skal|ville [gerne|hellere|godt] {talk} med {anyone}",
            "jeg ønsker_at|har_brug_for_at {talk} med {anyone}",
            "tale|snakke med {anyone}",
            "stil mig [om|videre] til {person}",
            "jeg vil_have|vil_gerne_have|har_brug_for {person}",
            "et [rigtigt|levende] menneske",
            "en rigtig|levende person|medarbejder",
            "[et|en] menneske|medarbejder tak",
        ),
        asks=(
            "må|kan|kunne jeg [gerne|godt|få_lov_at|få_lov_til_at] {talk} med {anyone}",
            "kan|kunne du|i stille mig [om|videre] til {person}",
        ),
        hello="hej|hejsa|hallo|goddag|ok",
        please="tak|venligst|nu|på_forhånd_tak",
        parts={
            "talk": "tale|snakke|chatte|skrive",
            "person": "et|en [rigtigt|rigtig|virkeligt|levende] menneske|person|medarbejder",
            "anyone": "{person} / nogen [fra_kundeservice|i_kundeservice|fra_supporten]",
        },
    ),
    Language(
        "Norwegian",
        says=(
            "jeg vil|må|ønsker_å|trenger_å [gjerne|heller] {talk} med {anyone}",
            "snakke|prate med {anyone}",
            "sett meg [over|videre] til {person}",
            "jeg vil_ha|vil_gjerne_ha|trenger {person}",
            "et [ekte|levende] menneske",
            "en ekte|levende person|medarbeider|kundebehandler",
            "[et|en] menneske|medarbeider|kundebehandler takk",
        ),
        asks=(
            "kan|får|kunne jeg [få] {talk} med {anyone}",
            "kan du|dere sette meg over|videre til {person}",
        ),
        hello="hei|heisann|hallo|god_dag|ok",
        please="takk|vær_så_snill|vennligst|nå",
        parts={
            "talk": "snakke|prate|chatte",
            "person": "et|en [ekte|virkelig|levende] menneske|person|medarbeider|kundebehandler",
            "anyone": "{person} / noen [på_kundeservice|fra_kundeservice]",
        },
    ),
    Language(
        "Turkish",
        says=(
            "[ben] [gerçek] [bir] {with} {talk} istiyorum|isterim|istiyoruz",
            "beni|bizi [gerçek] [bir] {to} bağla|bağlayın|aktar|aktarın",
            "[gerçek] [bir] {to} bağlanmak istiyorum|isterim",
            "[gerçek] bir insan|temsilci|yetkili istiyorum",
            "müşteri_temsilcisi|canlı_destek [istiyorum]",
            "temsilci|yetkili lütfen",
        ),
        asks=(
            "[gerçek] [bir] {with} konuşabilir|görüşebilir miyim|miyiz",
            "beni|bizi [gerçek] [bir] {to} bağlar|aktarır mısın|mısınız",
        ),
        hello="merhaba|selam|iyi_günler|tamam|ok|lütfen",
        please="lütfen|teşekkürler|hemen|şimdi",
        parts={
            "talk": "konuşmak|görüşmek|yazışmak",
            "with": "insanla|insan_ile|kişiyle|kişi_ile|temsilciyle|temsilci_ile|yetkiliyle"
            "|yetkili_ile|biriyle|birisiyle|müşteri_temsilcisiyle|müşteri_temsilcisi_ile",
            "to": "insana|kişiye|temsilciye|yetkiliye|birine|birisine|müşteri_temsilcisine",
        },
    ),
    Language(
        "Russian",
        says=(
            "[я] хочу|хотел_бы|хотела_бы|хотелось_бы {talk} с|со {with}",
            "[мне] нужно|надо|хотелось_бы {talk} с|со {with}",
            "соедините|соедини|свяжите|свяжи [меня|нас] с|со {with}",
            "переключите|переведите|переключи|переведи [меня|нас] на {to}",
            "[мне] нужен [живой|реальный|настоящий] {noun}",
            "позовите|позови|дайте|дай {to}",
            "живой|реальный|настоящий {noun}",
            "оператор|оператора",
            "человек|сотрудник пожалуйста",
        ),
        asks=("можно|могу [я|мне|ли_я] {talk} с|со {with}",),
        hello="здравствуйте|привет|добрый_день|добрый_вечер|доброе_утро|ок|пожалуйста",
        please="пожалуйста|спасибо|сейчас|срочно",
        parts={
            "talk": "поговорить|говорить|пообщаться|связаться|переговорить",
            "noun": "человек|оператор|сотрудник|специалист|менеджер|консультант",
            "with": "[живым|реальным|настоящим] человеком|оператором|сотрудником|специалистом"
            "|менеджером|консультантом|кем-то|кем-нибудь",
            "to": "[живого|реального] человека|оператора|сотрудника|специалиста|менеджера",
        },
    ),
    Language(
        "Ukrainian",
        says=(
            "[я] хочу|хотів_би|хотіла_б|хотілося_б {talk} з|із|зі {with}",
            "[мені] потрібно|треба {talk} з|із|зі {with}",
            "з'єднайте|з'єднай|зв'яжіть [мене|нас] з|із|зі {with}",
            "[мені] потрібен оператор|спеціаліст|менеджер|консультант",
            "[мені] потрібна [жива] людина",
            "покличте|поклич оператора|людину|менеджера",
            "жива_людина|оператор|оператора",
        ),
        asks=("можна|можу [я|мені] {talk} з|із|зі {with}",),
        hello="вітаю|привіт|добрий_день|доброго_дня|добрий_вечір|ок|будь_ласка",
        please="будь_ласка|дякую|зараз",
        parts={
            "talk": "поговорити|говорити|поспілкуватися|спілкуватися|зв'язатися",
            "with": "[живою|реальною|справжньою] людиною|оператором|співробітником|спеціалістом"
            "|менеджером|консультантом|кимось",
        },
    ),
    Language(
        "Japanese",
        says=(
            "{person} と|に [直接] 話したい|話がしたい|お話ししたい|話をしたい [{polite}]",
            "{person} に つないで|繋いで|代わって|替わって [ください|下さい|ほしい|欲しい] [です]",
            "{person} を お願いします|お願いいたします|呼んでください|出してください",
            "有人対応|有人チャット [を|で|に] お願いします|希望します|してください",
            "オペレーター|有人チャット",
        ),
        asks=(
            "{person} と|に [直接] 話せますか|話せませんか|話せますでしょうか|お話しできますか",
            "{person} に つないで|繋いで|代わって|替わって もらえますか|いただけますか|くれますか",
        ),
        hello="こんにちは|すみません|あの",
        please="お願いします|よろしくお願いします|ありがとうございます",
        parts={
            "person": "人間|人|担当者|担当|オペレーター|係|スタッフ [の方|の人]",
            "polite": "です|のですが|んですが|のですけど|と思います",
        },
        spaced=False,
    ),
    Language(
        "Chinese",
        says=(
            "[我] 要|想要 {person}",
            "我 需要 {person}",
            "需要 人工客服|真人客服",
            "人工|人工客服|人工服务|人工服務|真人客服|真人服務|真人服务",
        ),
        asks=(
            "[{want}] [帮我|幫我|给我|給我] {reach} [一下|个|個] {person} [{asked}]",
            "{want} [和|跟|与|與] {person} [直接] {talk} [{asked}]",
            "有人工客服|有真人客服|有人工|有真人 吗|嗎",
        ),
        hello="你好|您好|请问|請問|嗨|请|請|麻烦|麻煩",
        please="谢谢|謝謝|吧",
        parts={
            "want": "[我] 想|要|想要|需要|希望|可以|能|可不可以|能不能",
            "reach": "转|轉|转到|轉到|转接|轉接|接|接通|找|联系|聯繫|聯絡",
            "talk": "说话|說話|聊|聊聊|聊天|谈|談|谈谈|談談|对话|對話|交谈|交談|沟通|溝通",
            "person": "人工|真人|人工客服|真人客服|人工服务|人工服務|客服人员|客服人員|活人",
            "asked": "吗|嗎|可以吗|可以嗎|好吗|好嗎",
        },
        spaced=False,
    ),
    Language(
        "Korean",
        says=(
            "{person} 과|와|이랑|하고 [직접] {talk} [를|을] {want}",
            "{person} [을|를|과|와|으로|에게] 연결|바꿔 [좀] [{asked}]",
            "{person} 이|가 필요해요|필요합니다",
            "상담원|상담사|사람 부탁해요|부탁합니다|부탁드립니다|부탁드려요",
        ),
        asks=(
            "{person} 과|와|이랑|하고 [직접] {talk} 할수있나요|할수있을까요",
            "{person} [을|를|과|와|으로|에게] 연결 해주실수있나요|해주시겠어요|가능한가요",
        ),
        hello="안녕하세요|저는|제가|저|네",
        please="부탁드립니다|부탁드려요|감사합니다",
        parts={
            "talk": "통화|대화|이야기|얘기|상담|채팅|말",
            "person": "상담원|상담사|상담직원|사람|직원|담당자",
            "want": "하고싶어요|하고싶습니다|하고싶어|하고싶은데요|원해요|원합니다|부탁드립니다",
            "asked": "해주세요|해줘요|해줘|주세요|부탁드려요|부탁드립니다|부탁합니다|바랍니다",
        },
        spaced=False,
    ),
)
