// Decoders of every encoding that is read: those of the Encoding Standard, which the platform has, and the code page in
// which programs of the Windows command line and of DOS still write (bcp, sqlcmd, dBase), which it has not.

/** What of a TextDecoder is used here. */
export interface Decoder {
  readonly encoding: string;
  decode(bytes?: Uint8Array, how?: { readonly stream?: boolean }): string;
}

/** The upper half of code page 850. */
const IBM850 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0";
const IBM850_NAMES = /^(?:ibm|cp|x-cp|csibm)?-?850$/i;

const ibm850: Decoder = {
  encoding: "ibm850",
  decode: (bytes = new Uint8Array(0)) =>
    Buffer.from(bytes)
      .toString("latin1")
      .replace(/[\u0080-\u00ff]/g, (sign) => IBM850.charAt(sign.charCodeAt(0) - 128)),
};

/** Throws what TextDecoder throws: a RangeError for a name that is not known, with `fatal` a TypeError for bytes that are no text. */
export function textDecoder(name: string, fatal = false): Decoder {
  return IBM850_NAMES.test(name) ? ibm850 : new TextDecoder(name as Bun.Encoding, { fatal });
}
