import { SidecarError } from "../../domain/errors.ts";
import { ErpFailedError, ErpRejectedError } from "../port.ts";

/**
 * An error after something was written never says that nothing was: it becomes a failure, after which the record is
 * looked up. A refusal stays one, unless it is the taking back that was refused.
 */
export async function afterwards<Result>(work: Promise<Result>, isTakingBack = false): Promise<Result> {
  try {
    return await work;
  } catch (thrown) {
    if (!(thrown instanceof SidecarError)) throw thrown;
    if (thrown instanceof ErpRejectedError && !isTakingBack) throw thrown;
    throw new ErpFailedError(`Tryton wrote something, and then: ${thrown.message}`);
  }
}
