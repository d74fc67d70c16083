/** The 31 risks of GB/T 45654 Annex A (TC260-003 Appendix A). A table; the bit of a risk is its place in it. */

/** One risk of Annex A. */
export interface Risk {
  /** Short id: the clause without its dot, such as `A1a`. */
  readonly id: string;
  /** Clause of Annex A, such as `A.1a`. */
  readonly clause: string;
  /** Group of Annex A: `A.1` to `A.5`. */
  readonly group: string;
  readonly zh: string;
  readonly en: string;
}

function risk(id: string, zh: string, en: string): Risk {
  return { id, clause: `${id.slice(0, 1)}.${id.slice(1)}`, group: `A.${id.slice(1, 2)}`, zh, en };
}

/** All risks in the order of the annex. Native code knows a risk only by its index here. */
export const risks: readonly Risk[] = [
  risk(
    "A1a",
    "煽动颠覆国家政权、推翻社会主义制度",
    "Incitement to subvert state power and overthrow the socialist system",
  ),
  risk(
    "A1b",
    "危害国家安全和利益、损害国家形象",
    "Endangering national security and interests, harming the image of the state",
  ),
  risk(
    "A1c",
    "煽动分裂国家、破坏国家统一和社会稳定",
    "Incitement of separatism, undermining national unity and social stability",
  ),
  risk("A1d", "宣扬恐怖主义、极端主义", "Promotion of terrorism or extremism"),
  risk("A1e", "宣扬民族仇恨", "Promotion of ethnic hatred"),
  risk("A1f", "宣扬暴力、淫秽色情", "Promotion of violence or obscenity and pornography"),
  risk("A1g", "传播虚假有害信息", "Dissemination of false and harmful information"),
  risk("A1h", "其他法律、行政法规禁止的内容", "Other content prohibited by laws and administrative regulations"),
  risk("A2a", "民族歧视内容", "Ethnic discrimination"),
  risk("A2b", "信仰歧视内容", "Discrimination on the basis of beliefs"),
  risk("A2c", "国别歧视内容", "Nationality-based discrimination"),
  risk("A2d", "地域歧视内容", "Discrimination on the basis of regional origin"),
  risk("A2e", "性别歧视内容", "Gender discrimination"),
  risk("A2f", "年龄歧视内容", "Age discrimination"),
  risk("A2g", "职业歧视内容", "Occupation-based discrimination"),
  risk("A2h", "健康歧视内容", "Health-based discrimination"),
  risk("A2i", "其他方面歧视内容", "Other types of discriminatory content"),
  risk("A3a", "侵犯他人知识产权", "Infringement of the IPR of others"),
  risk("A3b", "违反商业道德", "Violation of business ethics"),
  risk("A3c", "泄露他人商业秘密", "Disclosure of the trade secrets of others"),
  risk(
    "A3d",
    "利用算法、数据、平台等优势，实施垄断和不正当竞争行为",
    "Use of algorithms, data, platforms etc. for monopoly or unfair competition",
  ),
  risk("A3e", "其他商业违法违规行为", "Other commercial violations"),
  risk("A4a", "危害他人身心健康", "Endangering the physical or mental health of others"),
  risk("A4b", "侵害他人肖像权", "Unauthorized use of the likeness of others"),
  risk("A4c", "侵害他人名誉权", "Defamation of the reputation of others"),
  risk("A4d", "侵害他人荣誉权", "Defamation of the honor of others"),
  risk("A4e", "侵害他人隐私权", "Infringement of the right to privacy of others"),
  risk("A4f", "侵害他人个人信息权益", "Infringement of the personal information rights and interests of others"),
  risk("A4g", "侵犯他人其他合法权益", "Infringement of other legitimate rights and interests of others"),
  risk(
    "A5a",
    "内容不准确，严重不符合科学常识或主流认知",
    "Inaccurate content grossly inconsistent with common scientific knowledge or mainstream perception",
  ),
  risk(
    "A5b",
    "内容不可靠，虽然不包含严重错误的内容，但无法对使用者形成帮助",
    "Unreliable content: no gross error, but cannot help the user",
  ),
];

const bits = new Map(risks.map((risk, bit) => [risk.id, bit]));

/** Whether `id` names a risk. */
export function isRisk(id: string): boolean {
  return bits.has(id);
}

/** Mask with the bit of each risk set. Ids must be known (`isRisk`). */
export function riskMask(ids: Iterable<string>): number {
  let mask = 0;
  for (const id of ids) {
    const bit = bits.get(id);
    if (bit === undefined) throw new RangeError(`"${id}" is not a risk of Annex A (A1a to A5b)`);
    mask |= 1 << bit;
  }
  return mask >>> 0;
}

/** Id of the risk with this bit. */
export function riskOfBit(bit: number): string {
  const risk = risks[bit];
  if (risk === undefined) throw new RangeError(`bit ${bit} is not a risk; there are ${risks.length}`);
  return risk.id;
}
