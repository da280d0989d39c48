import type { MovementAnswer } from "./channel-movements.ts";

/** An answer to a channel, as JSON; `status` is HTTP's. */
export interface EncodedAnswers {
  readonly status: number;
  readonly body: object;
}

/** 200 where it stands, else why not. */
export function statusOf(answer: MovementAnswer): number {
  switch (answer.outcome) {
    case "written":
    case "known":
      return 200;
    case "conflict":
      return 409;
    case "busy":
      return 503;
    case "refused":
      return answer.fault.code.startsWith("unknown_") ? 404 : 422;
  }
}

/** One movement answers for itself; a list with 200 where all stand, else 207 with each one's own status. */
export function encodeAnswers(answers: readonly MovementAnswer[], isSingle: boolean): EncodedAnswers {
  const encoded = answers.map((answer) => ({ status: statusOf(answer), body: encode(answer) }));
  const [only] = encoded;
  if (isSingle && only !== undefined) return only;
  return {
    status: encoded.every(({ status }) => status === 200) ? 200 : 207,
    body: { movements: encoded.map(({ body, status }) => ({ status, ...body })) },
  };
}

function encode(answer: MovementAnswer): object {
  const { channel, key, outcome } = answer;
  if ("fault" in answer) return { channel, key, outcome, error: answer.fault };
  return { channel, key, outcome, write: answer.write, quantityAfter: answer.quantityAfter };
}
