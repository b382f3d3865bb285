// Which legacy encoding a text that is no UTF-8 is in. An encoding that cannot decode the sample is out; of
// the others the one whose characters are the everyday ones of its languages wins. A wrong encoding shows at
// once: it gives rare characters, private ones, or signs in the middle of words.

import { textDecoder } from "./text-decoder.ts";

export interface Charset {
  /** A label of the Encoding Standard, as TextDecoder takes it. */
  readonly label: string;
  /** 0 to 1: the share of the characters beyond ASCII that are everyday ones. */
  readonly plausibility: number;
}

/**
 * The most frequent characters of written Chinese, both scripts, by common frequency lists; they make up
 * about a third of any text.
 */
const FREQUENT_SIMPLIFIED = new Set(
  "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运省县镇号店址",
);
const FREQUENT_TRADITIONAL = new Set(
  "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運省縣鎮號店址風景區鄉村路",
);

/** What names, addresses and tables of Japanese are written with. */
const FREQUENT_JAPANESE = new Set(
  "日本人名前氏所属部署課係社員番号住電話年月曜田山川木村中小大林佐藤鈴高橋伊渡辺加吉松井野原石上清水森池阿内岡島谷太郎次朗一二三四五子美花咲恵健真由優営業総務事経理開発企画製造東西南北京都阪府県市区町駅店株式会男女性別数量金額合計商品単価給与勤時間付備考担当者支役長主任工場倉庫新古屋横浜神奈福",
);

/** What counts as everyday in each encoding's languages; everything else is held against it. */
const EVERYDAY: readonly [label: string, everyday: (character: string) => number][] = [
  ["shift_jis", japanese],
  ["euc-jp", japanese],
  ["euc-kr", korean],
  [
    "big5",
    (c) =>
      FREQUENT_TRADITIONAL.has(c)
        ? 1
        : /[，。、：；「」（）！？\u3000]/u.test(c)
          ? 1
          : /\p{Script=Han}/u.test(c)
            ? 0.5
            : 0.2,
  ],
  [
    "gb18030",
    (c) =>
      FREQUENT_SIMPLIFIED.has(c)
        ? 1
        : /[，。、：；“”（）！？\u3000]/u.test(c)
          ? 1
          : /[\u4e00-\u9fa5]/u.test(c)
            ? 0.5
            : 0.05,
  ],
];

/** An encoding of one byte a character, as its letters. */
interface SingleByte {
  readonly label: string;
  readonly letters: RegExp;
  /** Other letters of its script; a word of Latin letters has plain ones too. */
  readonly script: "Latin" | "other";
  /** Letters of it that its languages have seldom, and others have often at their place. */
  readonly rare?: RegExp;
  /** How readily it is taken, where it is not 1: of the encodings of one script some are seldom met. */
  readonly prior?: number;
  /** Letters that are dashes, apostrophes and dots in windows-1252, as words may have inside: alone they prove nothing. */
  readonly signs?: RegExp;
  /** The letters that make up most of any text, where another encoding of the same script must be told apart. */
  readonly frequent?: RegExp;
}

const CYRILLIC = /[а-яА-ЯёЁіїєґІЇЄҐ]/;
const CYRILLIC_FREQUENT = /[оеаинтсрвлкмдпуяіё]/;

const WESTERN = {
  letters: /[àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒ]/,
  rare: /[õûÕÛ]/,
  script: "Latin",
} as const;
/** Old Macs and the Windows command line: a curly quote of windows-1252 inside a word is a letter of theirs. */
const SELDOM = 0.8;
const UNPROVEN = 0.5;

const CENTRAL = {
  letters: /[ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰöüÖÜ]/,
  script: "Latin",
} as const;

const SINGLE_BYTE: readonly SingleByte[] = [
  { label: "windows-1252", ...WESTERN },
  { label: "macintosh", ...WESTERN, prior: SELDOM, signs: /[ñóíÖ]/ },
  { label: "ibm850", ...WESTERN, prior: SELDOM, signs: /[ûùÆà]/ },
  { label: "windows-1250", ...CENTRAL },
  // Its letters with an accent on s, t and z stand where windows-1250 has signs.
  { label: "iso-8859-2", ...CENTRAL, prior: 0.98 },
  { label: "windows-1254", letters: /[çğıöşüâîûÇĞİÖŞÜ]/, script: "Latin" },
  { label: "windows-1251", letters: CYRILLIC, script: "other", frequent: CYRILLIC_FREQUENT },
  { label: "koi8-r", letters: CYRILLIC, script: "other", frequent: CYRILLIC_FREQUENT },
  { label: "ibm866", letters: CYRILLIC, script: "other", frequent: CYRILLIC_FREQUENT },
  {
    label: "windows-1253",
    letters: /[α-ωΑ-Ωάέήίόύώϊϋΐΰς]/,
    script: "other",
    frequent: /[αοιετσνηυρπκςάίό]/,
  },
  { label: "windows-1255", letters: /[א-ת]/, script: "other", frequent: /[יוהלאתרשמבנ]/ },
  { label: "windows-1256", letters: /[ء-ي]/, script: "other", frequent: /[اليمنورتبعدسة]/ },
  {
    label: "windows-874",
    letters: /[\u0e01-\u0e2e]/,
    script: "other",
    frequent: /[\u0e19\u0e23\u0e01\u0e2d\u0e07\u0e27\u0e21\u0e22\u0e25\u0e14\u0e15\u0e17\u0e2a]/,
  },
];

/** Below this nothing is certain, and the bytes are taken as windows-1252, which has a character for nearly all. */
const PLAUSIBLE_MIN = 0.5;

/** The most plausible encoding of bytes that are not UTF-8. The sample must not start or end inside a character. */
export function charsetOf(sample: Uint8Array): Charset {
  const found: Charset[] = [];
  for (const [label, everyday] of EVERYDAY) {
    const text = decoded(sample, label);
    if (text !== undefined) found.push({ label, plausibility: multiByte(text, everyday) });
  }
  for (const encoding of SINGLE_BYTE) {
    const text = decoded(sample, encoding.label);
    if (text !== undefined) found.push({ label: encoding.label, plausibility: singleByte(text, encoding) });
  }
  found.sort((a, b) => b.plausibility - a.plausibility);
  const [best] = found;
  if (best !== undefined && best.plausibility >= PLAUSIBLE_MIN) return best;
  return { label: "windows-1252", plausibility: best?.plausibility ?? 0 };
}

function decoded(sample: Uint8Array, label: string): string | undefined {
  try {
    return textDecoder(label, true).decode(sample);
  } catch {
    return undefined;
  }
}

const BEYOND_ASCII = /[^\0-\u007f]/gu;

function multiByte(text: string, everyday: (character: string) => number): number {
  const characters = text.match(BEYOND_ASCII) ?? [];
  if (characters.length === 0) return 0;
  let points = 0;
  for (const character of characters) points += everyday(character);
  // Languages that need two bytes a character have several of them in a file; a lone one ate a delimiter.
  return (points / characters.length) * (new Set(characters).size === 1 ? 0.6 : 1);
}

/**
 * Letters beyond ASCII stand beside other letters of their script; anything else between letters is a sign of the
 * wrong table. Of a script without Latin letters the frequent ones are half of any text and more.
 */
function singleByte(text: string, { letters, script, rare, frequent, prior = 1, signs }: SingleByte): number {
  let points = 0;
  let total = 0;
  let frequents = 0;
  let proofs = 0;
  for (const match of text.matchAll(BEYOND_ASCII)) {
    total += 1;
    const character = match[0];
    const before = text.charAt(match.index - 1);
    const after = text.charAt(match.index + 1);
    const inWord = /\p{L}/u.test(before) || /\p{L}/u.test(after);
    const besideLatin = /[A-Za-z]/.test(before) || /[A-Za-z]/.test(after);
    if (letters.test(character)) {
      // Texts are seldom in capitals throughout; of two readings the one in small letters is likelier.
      const small = character.toLowerCase();
      if (frequent?.test(small) === true) frequents += small === character ? 1 : 0.8;
      const odd = isOddCapital(character, before, after);
      if (!odd && signs?.test(character) !== true) proofs += 1;
      points += letterPoints(script, odd, besideLatin, inWord) * (rare?.test(character) === true ? 0.8 : 1);
    } else if (/[\u00a0°§€£«»“”‘’–—…·²³½©®™ºª¿¡№]/.test(character)) {
      const withinWord = /\p{L}/u.test(before) && /\p{L}/u.test(after);
      if (!withinWord || character === "’") points += 0.75;
    }
    // A currency sign or a fraction inside a word is a letter of another table.
    if (/[£¤¥¦¨¬¯±µ¶¸¹¼¾×÷]/.test(character) && inWord) points -= 0.3;
  }
  if (total === 0) return 0;
  const share = frequent === undefined ? 1 : Math.min(1, 0.4 + (0.8 * frequents) / total);
  const proven = signs === undefined || proofs > 0 ? prior : prior * UNPROVEN;
  return Math.max((points / total) * share * proven, 0);
}

function letterPoints(
  script: SingleByte["script"],
  oddCapital: boolean,
  besideLatin: boolean,
  inWord: boolean,
): number {
  if (oddCapital) return 0.3;
  if (script === "Latin") return besideLatin ? 0.9 : inWord ? 0.2 : 0.7;
  return besideLatin ? 0.1 : inWord ? 0.9 : 0.7;
}

/** A capital after a small letter, or between a capital and a small one. */
function isOddCapital(character: string, before: string, after: string): boolean {
  if (!/\p{Lu}/u.test(character)) return false;
  return /\p{Ll}/u.test(before) || (/\p{Lu}/u.test(before) && /\p{Ll}/u.test(after));
}

/** The 2,350 syllables of KS X 1001; those that only the later extension has are rare in any text. */
let syllables: ReadonlySet<string> | undefined;

function korean(character: string): number {
  if (syllables === undefined) {
    const bytes: number[] = [];
    for (let lead = 0xb0; lead <= 0xc8; lead += 1)
      for (let trail = 0xa1; trail <= 0xfe; trail += 1) bytes.push(lead, trail);
    syllables = new Set(new TextDecoder("euc-kr").decode(Uint8Array.from(bytes)));
  }
  if (syllables.has(character)) return 1;
  if (/[\u3000-\u303f\uff01-\uff5e·]/u.test(character)) return 0.8;
  return /[가-힣]/u.test(character) ? 0.1 : 0;
}

function japanese(character: string): number {
  if (/[\u3040-\u30ff]/u.test(character)) return 1;
  if (/[\u3000-\u303f\uff01-\uff5e]/u.test(character)) return 0.8;
  // Half-width katakana are single bytes: any other encoding is full of them when read as Japanese.
  if (/[\uff61-\uff9f]/u.test(character)) return 0.1;
  if (FREQUENT_JAPANESE.has(character)) return 1;
  return /\p{Script=Han}/u.test(character)
    ? FREQUENT_TRADITIONAL.has(character) || FREQUENT_SIMPLIFIED.has(character)
      ? 0.75
      : 0.4
    : 0.2;
}
