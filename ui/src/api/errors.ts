// Every failure the screens can meet, in one shape: what the engine says, or what the way to it says.
// The screens match `code`, never the text.

/** An error as the operator meets it: what happened, what to do, and a reference to quote. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    readonly requestId: string | null = null,
  ) {
    super(message);
  }

  /** The console itself could not be reached; nothing is known about the request's effect. */
  get isOffline(): boolean {
    return this.code === "offline";
  }
}

/** Turns anything thrown or answered into an `ApiError`. */
export function toApiError(raw: unknown): ApiError {
  if (raw instanceof ApiError) return raw;
  if (isRecord(raw) && typeof raw["code"] === "string" && typeof raw["message"] === "string") {
    return new ApiError(raw["code"], raw["message"], text(raw["hint"]), text(raw["request_id"]));
  }
  if (typeof raw === "string") return new ApiError("internal", raw);
  if (raw instanceof Error) return new ApiError("internal", raw.message);
  return new ApiError("internal", "the console answered something unreadable");
}

/** The error for an HTTP answer that is no success; a body of another shape is not shown. */
export function httpError(status: number, body: unknown): ApiError {
  if (isRecord(body) && typeof body["code"] === "string") return toApiError(body);
  if (status === 401) return new ApiError("not_signed_in", "the session has ended");
  if (status === 403) return new ApiError("not_permitted", "the console refused this request");
  return new ApiError("http", `the console answered with status: ${String(status)}`);
}

/** The error for an answer that never came. */
export function offlineError(): ApiError {
  return new ApiError("offline", "the console does not answer");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
