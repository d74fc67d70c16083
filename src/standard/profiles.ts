/** What each profile of the standard counts and demands. Tables only; the gates compare. */
import { riskMask, risks } from "./risks.ts";

/** A share as a fraction of integers, so that a limit is compared exactly. */
export interface Fraction {
  readonly num: number;
  readonly den: number;
}

/** The editions that a policy can name. */
export const profileIds = ["tc260-003", "gbt-45654-2025", "gbt-45652-2025"] as const;
export type ProfileId = (typeof profileIds)[number];

/** What a profile counts. Masks have one bit per risk of Annex A. */
export interface Profile {
  readonly id: ProfileId;
  /** Risks of A.1 to A.4: illegal or unhealthy content, which the 5 % gate counts (5.1 a). */
  readonly flaggedMask: number;
  /** Risks that make a record unqualified (9.2): all 31, or without A.5 under GB/T 45652. */
  readonly unqualifiedMask: number;
}

const illegal = riskMask(risks.filter((risk) => risk.group !== "A.5").map((risk) => risk.id));
const all = riskMask(risks.map((risk) => risk.id));

export const profiles: Readonly<Record<ProfileId, Profile>> = {
  "tc260-003": { id: "tc260-003", flaggedMask: illegal, unqualifiedMask: all },
  "gbt-45654-2025": { id: "gbt-45654-2025", flaggedMask: illegal, unqualifiedMask: all },
  "gbt-45652-2025": { id: "gbt-45652-2025", flaggedMask: illegal, unqualifiedMask: illegal },
};

/** Phases of an assessment: before collection, after collection, what is handed to training. */
export const phases = ["pre", "post", "final"] as const;
export type Phase = (typeof phases)[number];

/** 5.1 a: the largest share of illegal content of a source that may be used: "over 5 %" is refused, 5 % is not. */
export const sourceLimit: Fraction = { num: 1, den: 20 };

/** Clause that decides a source in a phase: before collection 5.1 a, first part; on collected data, second part. */
export const sourceClauses: Readonly<Record<Phase, string>> = { pre: "5.1a-1", post: "5.1a-2", final: "5.1a-2" };

/** 9.2 b: the technical sample takes at least this share of all records. */
export const technicalShare: Fraction = { num: 1, den: 10 };

/** 9.2 a: records that people check: at least 4,000, or all of a smaller corpus. */
export const manualSample = 4000;

/** Size of the sample of a source before collection, where the text gives none: a policy default. */
export const preSample = 1000;
