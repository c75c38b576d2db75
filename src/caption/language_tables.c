/*
 * DESIGN. Data only: closed word classes per language, and the frequent open-class words that lean on the next
 * one. Inflected forms are spelled out, which is longer than rules and cannot be wrong by accident. A word may
 * stand in several rows; its classes add up. Words are as language_describe() looks them up: lower case, ё as е,
 * U+2019 as ', no punctuation around.
 */
#include "caption/language.h"

#include <string.h>

static const struct language_words english[] = {
    {WORD_ARTICLE, "the a an"},
    {WORD_DETERMINER, "my your our their its whose every"},
    {WORD_DETERMINER | WORD_FREE, "his her this that these those each some any no all both another which such"},
    {WORD_PREPOSITION,
     "to at by for from with into onto upon without between among during against toward towards within "
     "beside besides beyond except per via despite unlike until till as"},
    {WORD_PREPOSITION | WORD_GENITIVE, "of"},
    {WORD_PARTICLE, "out up off down away back"},
    {WORD_PREPOSITION | WORD_FREE, "in on about around through over under near inside outside behind "
                                   "before after above below across along since like"},
    {WORD_CONJUNCTION,
     "and or but nor because if although though unless whereas while when whenever where wherever why "
     "how who whom whose whether than what whatever"},
    {WORD_CONJUNCTION | WORD_FREE, "that which so yet"},
    {WORD_NEGATION, "not"},
    {WORD_NEGATION | WORD_FREE, "never"},
    {WORD_AUXILIARY | WORD_FREE,
     "am is are was were be been being have has had do does did will would shall should can could may might must "
     "cannot "
     "gonna wanna gotta ain't let's let isn't aren't wasn't weren't haven't hasn't hadn't don't doesn't didn't won't "
     "wouldn't shouldn't can't couldn't mustn't needn't"},
    {WORD_PRONOUN, "i he she we they"},
    {WORD_PRONOUN | WORD_FREE, "you it there"},
    {WORD_MODIFIER,
     "very too quite really just only even more most less least rather almost nearly so such two three four five six "
     "seven "
     "eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty ninety hundred thousand many much "
     "few several own other same "
     "first "
     "second third last next new old good bad better best big small large little great long short high low young whole "
     "real right wrong certain different important local public main single simple little entire hardly still always "
     "usually often already"},
    {WORD_TITLE, "mr mrs ms dr prof st sir lord lady president doctor professor captain king queen saint no vs"},
    {WORD_UNIT,
     "percent million billion thousand hundred dollars euros pounds cents km kilometers kilometres miles meters "
     "metres feet inches cm mm kg grams g tons pounds liters litres seconds minutes hours days weeks months years "
     "degrees am pm a.m p.m mph km/h hz khz mhz ghz mb gb tb o'clock"},
    {WORD_CONJUNCTION | WORD_COORDINATOR, "and or"},
    {0, NULL},
};

static const struct language_words russian[] = {
    {WORD_PREPOSITION,
     "в во на с со к ко у о об обо от ото до за из изо по под подо над надо при про для без безо через "
     "между перед передо ради из-за из-под сквозь среди против вместо кроме"},
    {WORD_PREPOSITION | WORD_FREE, "после около вокруг вдоль мимо возле согласно благодаря внутри вне"},
    {WORD_CONJUNCTION,
     "и а но или либо чтобы если когда потому поэтому хотя пока чем где куда откуда зачем почему который "
     "которая которое которые которого которой которых которому которым которыми котором которую будто "
     "словно поскольку причем притом однако ибо да"},
    {WORD_CONJUNCTION | WORD_FREE, "что как кто какой какая какое какие какого какой каких сколько так"},
    {WORD_NEGATION, "не ни"},
    {WORD_PRONOUN | WORD_FREE, "я ты он она оно мы вы они это"},
    {WORD_DETERMINER,
     "мой моя мое мои моего моей моих моим моему мою моими моем твой твоя твое твои твоего твоей твоих твоим "
     "твоему твою твоими твоем наш наша наше наши нашего нашей наших нашим нашему нашу нашими нашем ваш "
     "ваша ваше ваши вашего вашей ваших вашим вашему вашу вашими вашем свой своя свое свои своего своей "
     "своих своим своему свою своими своем каждый каждая каждое каждые каждого каждой каждому каждую"},
    {WORD_DETERMINER | WORD_FREE,
     "его ее их этот эта эти этого этой этих этому этим эту этими этом тот та те того той тех тому "
     "ту теми весь вся все всего всей всех всему всю всеми один одна одно одни одного одной "
     "одним одному одну любой любая любое любые такой такая такое такие такого таких такую"},
    {WORD_AUXILIARY | WORD_FREE, "был была было были буду будешь будет будем будете будут"},
    {WORD_MODIFIER,
     "очень самый самая самое самые самого самой самых более менее слишком совсем почти только лишь даже уже еще "
     "просто два две три четыре пять шесть семь восемь девять десять двадцать тридцать сорок пятьдесят шестьдесят "
     "семьдесят восемьдесят девяносто сто двести триста тысяча много мало несколько могу "
     "может могут можем можно нужно надо должен должна должны хочу хочет хотят стал стала стали"},
    {WORD_ENCLITIC, "бы б же ж ли ль"},
    {WORD_TITLE, "г г-н г-жа господин госпожа доктор профессор им ул д св т т.е т.к т.д т.п"},
    {WORD_UNIT,
     "процент процента процентов рубль рубля рублей доллар доллара долларов евро тысяча тысячи тысяч миллион "
     "миллиона миллионов миллиард миллиарда миллиардов км кг г см мм м час часа часов минут минута минуты секунд "
     "секунды секунда год года лет день дня дней месяц месяца месяцев недель недели метр метра метров километр "
     "километра километров градус градуса градусов раз раза января февраля марта апреля мая июня июля августа "
     "сентября октября ноября декабря"},
    {WORD_CONJUNCTION | WORD_COORDINATOR, "и или либо"},
    {0, NULL},
};

static const struct language_words spanish[] = {
    {WORD_ARTICLE, "el la los las un una unos unas lo al del"},
    {WORD_DETERMINER, "mi mis tu tus su sus nuestro nuestra nuestros nuestras vuestro vuestra cada"},
    {WORD_DETERMINER | WORD_FREE,
     "este esta estos estas ese esa esos esas aquel aquella aquellos aquellas todo toda todos todas "
     "algún alguna algunos algunas ningún ninguna otro otra otros otras mucho mucha muchos muchas "
     "poco poca pocos pocas"},
    {WORD_PREPOSITION,
     "a ante bajo con contra desde durante en entre hacia hasta mediante para por según sin sobre tras al"},
    {WORD_PREPOSITION | WORD_GENITIVE, "de del"},
    {WORD_CONJUNCTION,
     "y e o u ni pero sino porque aunque si cuando mientras donde que quien quienes cual cuales cuyo cuya "
     "como pues qué quién cómo cuándo dónde cuál adónde"},
    {WORD_NEGATION, "no"},
    {WORD_NEGATION | WORD_FREE, "nunca jamás"},
    {WORD_PRONOUN, "yo tú"},
    {WORD_PRONOUN | WORD_FREE, "él ella nosotros nosotras ellos ellas usted ustedes"},
    {WORD_CLITIC, "me te se le les nos os"},
    {WORD_AUXILIARY | WORD_FREE, "he has ha hemos habéis han había habías habíamos habían habrá habría hay es son era "
                                 "eran soy eres somos fue fueron será "
                                 "serán sería está están estoy estás estamos estaba estaban estuvo puede pueden puedo "
                                 "puedes podemos podía podría habríamos habrían sería seríamos debe "
                                 "deben debemos debería va van voy vas vamos sido estado"},
    {WORD_MODIFIER,
     "muy más menos tan tanto demasiado casi sólo solo ya dos tres cuatro cinco seis siete ocho nueve diez veinte "
     "treinta cuarenta cincuenta sesenta setenta ochenta noventa cien "
     "mil gran buen buena buenos mal nuevo nueva nuevos nuevas primer primera primero segundo segunda tercer tercera "
     "primeros primeras últimos últimas último última "
     "mejor mejores peor mismo misma propio propia varios varias"},
    {WORD_TITLE, "sr sra srta dr dra don doña san santa señor señora ud uds"},
    {WORD_UNIT,
     "por ciento mil millón millones euros dólares pesos km kilómetros metros kg gramos litros segundos minutos "
     "hora horas día días semanas meses año años grados veces"},
    {WORD_CONJUNCTION | WORD_COORDINATOR, "y e o u ni"},
    {0, NULL},
};

static const struct language_words french[] = {
    {WORD_ARTICLE, "le la les un une des l du au aux"},
    {WORD_DETERMINER,
     "mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces chaque quel quelle "
     "quels quelles"},
    {WORD_DETERMINER | WORD_FREE, "tout toute tous toutes quelque quelques plusieurs aucun aucune autre autres"},
    {WORD_PREPOSITION,
     "à dans par pour en vers avec sans sous sur entre chez contre dès depuis pendant jusque jusqu selon malgré "
     "parmi au aux hors"},
    {WORD_PREPOSITION | WORD_FREE, "devant derrière avant après"},
    {WORD_PREPOSITION | WORD_GENITIVE, "de du des d"},
    {WORD_CONJUNCTION,
     "et ou mais donc or ni car que qu qui quand lorsque lorsqu puisque puisqu quoique si comme où dont parce "
     "comment pourquoi combien lequel laquelle"},
    {WORD_NEGATION, "ne n"},
    {WORD_NEGATION | WORD_FREE, "pas jamais"},
    {WORD_PRONOUN, "je j tu il ils on c"},
    {WORD_PRONOUN | WORD_FREE, "elle elles nous vous ça cela"},
    {WORD_CLITIC, "me m te t se s y lui leur"},
    {WORD_AUXILIARY | WORD_FREE, "ai as a avons avez ont avais avait avions aviez avaient aurai aura aurons auront "
                                 "aurais aurait suis es est sommes êtes "
                                 "sont étais était étions étiez étaient sera seront serait seraient fut peut peux "
                                 "peuvent pouvons pouvez pourrait doit "
                                 "dois doivent devons va vais vas vont allons faut été eu"},
    {WORD_MODIFIER,
     "très trop plus moins si aussi assez bien presque seulement même deux trois quatre cinq six sept huit neuf dix "
     "vingt trente quarante cinquante soixante "
     "cent mille petit petite petits petites grand grande grands grandes bon bonne bons bonnes beau belle "
     "nouveau nouvelle nouveaux nouvelles premier première premiers premières derniers dernières dernier dernière "
     "jeune vieux vieille mauvais long "
     "longue propre vrai vraie ancien ancienne beaucoup peu encore toujours déjà"},
    {WORD_TITLE, "m mm mme mlle dr monsieur madame mademoiselle docteur saint sainte"},
    {WORD_ENCLITIC, "là-bas"},
    {WORD_UNIT,
     "pour cent cents mille million millions milliard milliards euros dollars km kilomètres mètres kg grammes litres "
     "secondes minutes heure heures jour jours semaines mois an ans années degrés fois"},
    {WORD_CONJUNCTION | WORD_COORDINATOR, "et ou ni"},
    {0, NULL},
};

static const struct language_words german[] = {
    {WORD_ARTICLE, "der die das den dem des ein eine einen einem einer eines"},
    {WORD_DETERMINER,
     "mein meine meinen meinem meiner meines dein deine deinen deinem deiner deines sein seine seinen seinem "
     "seiner seines unser unsere unseren unserem unserer unseres euer eure euren eurem eurer ihre ihren ihrem "
     "ihrer ihres jeder jede jedes jeden jedem jeder"},
    {WORD_DETERMINER | WORD_FREE, "ihr dieser diese dieses diesen diesem jener jene jenes alle allen aller einige "
                                  "einigen mehrere viele vielen welche welcher "
                                  "welches welchen solche solchen manche manchen"},
    {WORD_NEGATION, "kein keine keinen keinem keiner keines"},
    {WORD_NEGATION | WORD_FREE, "nicht nie niemals"},
    {WORD_PREPOSITION, "bei beim bis durch für gegen hinter in im ins mit nach neben ohne seit trotz über um unter vor "
                       "während wegen zwischen zum "
                       "zur gegenüber außer innerhalb außerhalb ab am ans aufs statt laut pro"},
    {WORD_PREPOSITION | WORD_FREE, "an auf aus zu"},
    {WORD_PREPOSITION | WORD_GENITIVE, "von vom"},
    {WORD_CONJUNCTION,
     "und oder aber denn sondern weil dass daß wenn ob obwohl damit bevor nachdem sobald solange falls als wie "
     "wo wer wen wem was warum wann wohin woher indem sowie sowohl weder"},
    {WORD_PRONOUN, "ich du er wir man"},
    {WORD_PRONOUN | WORD_FREE, "sie es ihr"},
    {WORD_AUXILIARY | WORD_FREE, "bin bist ist sind seid war warst waren wart habe hast hat haben habt hatte hatten "
                                 "werde wirst wird werden werdet wurde "
                                 "wurden würde würden kann kannst können könnt konnte konnten könnte könnten muss "
                                 "musst müssen musste mussten soll sollst "
                                 "sollen sollte sollten will willst wollen wollte wollten darf dürfen durfte mag "
                                 "möchte möchten hätte hätten wäre wären"},
    {WORD_MODIFIER,
     "sehr zu so ganz nur noch schon auch sogar mehr weniger ziemlich fast etwa zwei drei vier fünf sechs sieben "
     "acht neun zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend erst gar etwas"},
    {WORD_TITLE, "herr herrn frau dr prof st nr bzw ca z d vgl"},
    {WORD_UNIT,
     "prozent euro dollar cent tausend million millionen milliarde milliarden km kilometer meter kg kilo gramm liter "
     "sekunden sekunde minuten minute uhr stunde stunden tag tage tagen woche wochen monat monate monaten jahr jahre "
     "jahren grad mal januar februar märz april mai juni juli august september oktober november dezember"},
    {WORD_CONJUNCTION | WORD_COORDINATOR, "und oder sowie"},
    {0, NULL},
};

static const struct language_words italian[] = {
    {WORD_ARTICLE, "il lo la i gli le l un uno una"},
    {WORD_ARTICLE | WORD_PREPOSITION,
     "al allo alla ai agli alle all dal dallo dalla dai dagli dalle dall nel nello nella nei "
     "negli nelle nell sul sullo sulla sui sugli sulle sull col coi"},
    {WORD_ARTICLE | WORD_PREPOSITION | WORD_GENITIVE, "del dello della dei degli delle dell"},
    {WORD_DETERMINER,
     "mio mia miei mie tuo tua tuoi tue suo sua suoi sue nostro nostra nostri nostre vostro vostra vostri vostre "
     "ogni qualche quel quei quegli"},
    {WORD_DETERMINER | WORD_FREE,
     "loro questo questa questi queste quello quella quelli quelle tutto tutta tutti tutte alcuni "
     "alcune nessun nessuna altro altra altri altre molto molta molti molte poco poca pochi poche"},
    {WORD_PREPOSITION, "a ad da in con su per tra fra durante verso senza contro presso secondo"},
    {WORD_PREPOSITION | WORD_FREE, "sotto sopra dopo prima dentro fuori"},
    {WORD_PREPOSITION | WORD_GENITIVE, "di d"},
    {WORD_CONJUNCTION,
     "e ed o od ma però che perché se quando mentre dove chi cui come quindi né anche affinché sebbene benché "
     "oppure cosa quale quali"},
    {WORD_NEGATION, "non"},
    {WORD_PRONOUN, "io tu"},
    {WORD_PRONOUN | WORD_FREE, "lui lei noi voi loro egli essi"},
    {WORD_CLITIC, "mi ti si ci vi ne gli"},
    {WORD_AUXILIARY | WORD_FREE,
     "ho hai ha abbiamo avete hanno avevo aveva avevano avrà avrebbe avrei avresti avremmo avrebbero avessi avesse "
     "avessero sarei saresti saremmo sarebbero potrei potremmo dovrei dovremmo vorrei vorrebbe sono sei è siamo "
     "siete era erano ero sarà saranno sarebbe fu "
     "furono può possono posso puoi possiamo poteva potrebbe deve devono devo dobbiamo "
     "dovrebbe va vanno vado sta stanno sto "
     "stiamo stava stato stata stati state"},
    {WORD_MODIFIER,
     "molto più meno così troppo quasi solo già ancora sempre due tre quattro cinque sei sette otto nove dieci venti "
     "trenta quaranta cinquanta sessanta settanta ottanta novanta cento "
     "mille grande grandi gran piccolo piccola piccoli piccole nuovo nuova nuovi nuove primo ultimo ultima ultimi "
     "ultime primi prime bel "
     "bello bella buon buono buona vecchio vecchia stesso stessa proprio vero vera certo certa"},
    {WORD_TITLE, "sig sig.ra signor signora dott dottor dottoressa prof san santa"},
    {WORD_UNIT, "per cento mila milione milioni miliardo miliardi euro dollari km chilometri metri kg grammi litri "
                "secondi minuti "
                "ora ore giorno giorni settimane mesi anno anni gradi volte volta"},
    {WORD_CONJUNCTION | WORD_COORDINATOR, "e ed o od oppure"},
    {0, NULL},
};

static const struct language_words chinese[] = {
    {WORD_CONJUNCTION,
     "但是 但 因为 所以 而且 如果 虽然 然后 或者 还是 可是 不过 并且 于是 即使 只要 只有 除非 無論 无论 因為 雖然 "
     "而 并 並且 當 当 以及"},
    {WORD_PREPOSITION, "在 从 從 对 對 把 被 给 給 跟 和 与 與 向 往 为 為 为了 為了 关于 關於 通过 通過 由 比 按照"},
    {WORD_NEGATION, "不 没 沒 没有 沒有 别 別 未"},
    {WORD_AUXILIARY, "会 會 能 能够 能夠 可以 应该 應該 必须 必須 要 将 將 正在"},
    {WORD_DETERMINER, "这 這 那 这个 這個 那个 那個 这些 這些 那些 一个 一個 每 每个 每個 某"},
    {WORD_MODIFIER, "很 太 最 更 非常 十分 是 已经 已經"},
    {WORD_PRONOUN | WORD_FREE, "我 你 您 他 她 它 我们 我們 你们 你們 他们 他們 她们 她們 咱们"},
    {WORD_MODIFIER | WORD_PARTICLE, "也 都 就 才 又 再 还 還"},
    {WORD_ENCLITIC,
     "里 裡 上 下 中 时 時 之间 之間 之后 之後 之前 以后 以後 以前 的 了 着 著 过 過 吗 嗎 呢 吧 啊 们 們 地 得"},
    {0, NULL},
};

static const struct language_words japanese[] = {
    {WORD_CONJUNCTION, "そして しかし でも だから また または つまり さらに そのため ところが"},
    {WORD_DETERMINER, "この その あの どの こんな そんな あんな どんな"},
    {WORD_MODIFIER, "とても すごく もっと 最も 非常に かなり"},
    {0, NULL},
};

static const struct language_words korean[] = {
    {WORD_CONJUNCTION, "그리고 그러나 하지만 그래서 또는 그런데 왜냐하면 만약"},
    {WORD_DETERMINER, "이 그 저 이런 그런 저런 모든 어떤 내 제 우리 네"},
    {WORD_NEGATION, "안 못"},
    {WORD_MODIFIER, "아주 매우 정말 너무 더 가장 한 두 세 네 다섯 새"},
    {0, NULL},
};

static const struct language_words thai[] = {
    {WORD_CONJUNCTION, "และ แต่ หรือ เพราะ ถ้า เมื่อ ว่า ที่ ซึ่ง อัน แล้ว จึง ก็ เพื่อ โดย"},
    {WORD_PREPOSITION, "ใน กับ จาก บน ใต้ แก่ ต่อ ถึง ตาม สำหรับ ระหว่าง"},
    {WORD_PREPOSITION | WORD_GENITIVE, "ของ แห่ง"},
    {WORD_NEGATION, "ไม่ อย่า มิ"},
    {WORD_AUXILIARY, "จะ กำลัง เคย ต้อง ควร อาจ การ ความ"},
    {WORD_ENCLITIC, "ครับ ค่ะ คะ นะ ๆ นี้ นั้น โน้น"},
    {0, NULL},
};

static const struct language_words arabic[] = {
    {WORD_PREPOSITION, "في من إلى الى على عن مع بين حتى عند منذ خلال قبل بعد تحت فوق أمام حول دون بدون لدى"},
    {WORD_CONJUNCTION, "أو ثم لكن ولكن لأن أن إن الذي التي الذين إذا لو عندما حيث كما بل متى أين كيف ماذا هل"},
    {WORD_NEGATION, "لا لم لن ما ليس ليست غير"},
    {WORD_AUXILIARY, "قد سوف كان كانت يكون"},
    {WORD_DETERMINER, "هذا هذه ذلك تلك هؤلاء كل بعض أي جميع"},
    {WORD_PRONOUN, "أنا هو هي نحن هم أنت"},
    {WORD_MODIFIER, "يا أكثر أقل"},
    {0, NULL},
};

static const struct language_words hebrew[] = {
    {WORD_PREPOSITION, "על עם אל מן בין את עד לפני אחרי בלי ליד תחת מול כדי אצל"},
    {WORD_PREPOSITION | WORD_GENITIVE, "של"},
    {WORD_CONJUNCTION, "כי אבל או אם אשר אך לכן כאשר כש למרות אלא גם מה מי איך איפה מתי למה"},
    {WORD_NEGATION, "לא אין אל"},
    {WORD_PRONOUN, "אני אתה את הוא היא אנחנו הם הן אתם"},
    {WORD_DETERMINER, "כל איזה שום"},
    {WORD_MODIFIER, "יותר פחות הכי שני שתי שלוש ארבע חמש"},
    {0, NULL},
};

static const struct language_words hindi[] = {
    {WORD_CONJUNCTION, "और या लेकिन मगर क्योंकि कि अगर तो जब जो जिसे इसलिए ताकि"},
    {WORD_NEGATION, "नहीं न मत ना"},
    {WORD_DETERMINER, "मेरा मेरी मेरे हमारा हमारी हमारे आपका आपकी आपके इस उस यह वह ये वे एक हर कुछ सभी"},
    {WORD_MODIFIER, "बहुत सबसे दो तीन चार पाँच"},
    {WORD_ENCLITIC | WORD_MODIFIER, "का के की"},
    {WORD_ENCLITIC, "को से में पर ने तक है हैं था थे थी हो हूँ ही भी वाला वाले वाली गया गई गए"},
    {0, NULL},
};

static const struct language_table tables[] = {
    {"en", false, false, "ful ous ive able ible ical less", NULL, english},
    /* Not -ой -ом -им, which are nouns' cases as often; not -ние -тие, which are nouns. */
    {"ru", false, false, "ый ий ая яя ое ее ые ские ческие ого его ому ему ных ских ую юю ым", NULL, russian},
    {"es", false, false, NULL, NULL, spanish},
    {"fr", false, false, NULL, NULL, french},
    {"de", false, true, NULL, NULL, german},
    {"it", false, false, NULL, NULL, italian},
    {"zh", true, false, NULL, NULL, chinese},
    {"ja", true, false, NULL, NULL, japanese},
    {"th", true, false, NULL, NULL, thai},
    {"ko", false, false, NULL, NULL, korean},
    {"ar", false, false, NULL, "و", arabic},
    {"he", false, false, NULL, "ו", hebrew},
    {"hi", false, false, NULL, NULL, hindi},
    /* No words of ours, but a space there is not the space between words. */
    {"yue", true, false, NULL, NULL, chinese},
    {"lo", true, false, NULL, NULL, NULL},
    {"km", true, false, NULL, NULL, NULL},
    {"my", true, false, NULL, NULL, NULL},
};

const struct language_table *language_table_at(size_t i) {
  return i < sizeof tables / sizeof *tables ? &tables[i] : NULL;
}

const struct language_table *language_table_find(const char *code) {
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    if (strcmp(tables[i].code, code) == 0) return &tables[i];
  return NULL;
}
