// Rosters in the languages that each legacy encoding is for, written in it: the encoding that is found must give back
// the text.

import { describe, expect, test } from "bun:test";
import { charsetOf } from "./charset.ts";

/** By encoding: short rosters, each a table of few words as a company would send it. */
const ROSTERS: Readonly<Record<string, readonly string[]>> = {
  "windows-1252": [
    "id;nom;ville\n1;Hélène;Orléans\n2;François;Besançon\n",
    "id,namn,ort\n1,Åsa,Malmö\n2,Göran,Umeå\n",
    "id,nombre\n1,Peña\n2,Muñoz\n",
    "id;nafn;bær\n1;Þórður;Reykjavík\n2;Guðrún;Ísafjörður\n3;Ólöf;Húsavík\n",
    "id^note\n1^—\n2^ok\n",
    "Größe;Preis\nKöln;5 €\nMünchen;7 €\n",
  ],
  "windows-1250": [
    "id;jméno;město\n1;Jiří Dvořák;Plzeň\n2;Božena Němcová;Děčín\n",
    "id;imię;miasto\n1;Łukasz Wójcik;Łódź\n2;Grażyna Dąbek;Poznań\n",
    "id;név;város\n1;Őri Béla;Győr\n2;Szűcs Ágnes;Kőszeg\n",
  ],
  "iso-8859-2": [
    "id;jméno;město\n1;Jiří Dvořák;Plzeň\n2;Růžena Šestáková;Děčín\n",
    "id;imię;miasto\n1;Łukasz Żółć;Gdańsk\n2;Śliwa Paździor;Kraśnik\n",
    "id;név;város\n1;Őri Béla;Győr\n2;Szűcs Ágnes;Kőszeg\n",
  ],
  "windows-1251": [
    "номер;имя;город\n1;Анна Иванова;Москва\n2;Борис Петров;Казань\n",
    "id;місто\n1;Київ\n2;Львів\n3;Одеса\n",
  ],
  "koi8-r": ["номер;имя;город\n1;Анна Иванова;Москва\n2;Борис Петров;Казань\n"],
  ibm866: ["номер;имя;город\n1;Анна Иванова;Москва\n2;Борис Петров;Казань\n"],
  "windows-1253": ["κωδικός;όνομα;πόλη\n1;Γιώργος Παπαδόπουλος;Αθήνα\n2;Μαρία Νικολάου;Πάτρα\n"],
  "windows-1254": ["no;ad;şehir\n1;Ayşe Yıldız;İzmir\n2;Çağrı Şahin;Eskişehir\n3;Gökhan Işık;Muğla\n"],
  "windows-1255": ["מספר,שם,עיר\n1,משה לוי,חיפה\n2,רחל כהן,ירושלים\n"],
  "windows-1256": ["رقم,اسم,مدينة\n1,محمد علي,القاهرة\n2,فاطمة حسن,بغداد\n"],
  shift_jis: [
    "社員番号,氏名,部署\n1,山田太郎,営業部\n2,鈴木花子,総務部\n",
    "番号,カナ\n1,ヤマダ\n2,スズキ\n",
  ],
  "euc-jp": ["社員番号,氏名,部署\n1,山田太郎,営業部\n2,鈴木花子,総務部\n", "番号,カナ\n1,ヤマダ\n2,スズキ\n"],
  "euc-kr": ["번호,이름,부서\n1,김철수,영업부\n2,이영희,총무부\n"],
  gb18030: ["工号,姓名,部门,城市\n1,王伟,销售部,北京\n2,李娜,财务部,上海\n3,张敏,技术部,广州\n"],
  big5: ["編號,姓名,部門,城市\n1,王小明,業務部,臺北市\n2,陳美玲,會計部,高雄市\n"],
};

/** Bytes of one encoding by character, found by decoding all that one or two bytes can say. */
function tableOf(label: string): ReadonlyMap<string, readonly number[]> {
  const decoder = new TextDecoder(label as Bun.Encoding);
  const table = new Map<string, readonly number[]>();
  const put = (bytes: readonly number[]): void => {
    const text = decoder.decode(Uint8Array.from(bytes));
    if (Array.from(text).length === 1 && text !== "\ufffd" && !table.has(text)) table.set(text, bytes);
  };
  for (let one = 0; one < 256; one += 1) put([one]);
  for (let lead = 0x81; lead < 0xff; lead += 1)
    for (let trail = 0x40; trail < 0xff; trail += 1) put([lead, trail]);
  return table;
}

function encoded(text: string, label: string): Uint8Array {
  const table = tableOf(label);
  return Uint8Array.from(Array.from(text).flatMap((character) => table.get(character) ?? []));
}

describe("legacy encodings", () => {
  for (const [label, rosters] of Object.entries(ROSTERS))
    for (const [index, roster] of rosters.entries())
      test(`${label} ${index + 1}`, () => {
        const bytes = encoded(roster, label);
        const found = charsetOf(bytes);
        expect(new TextDecoder(found.label as Bun.Encoding).decode(bytes)).toBe(roster);
      });
});
