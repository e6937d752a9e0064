import { beforeEach, describe, expect, it, vi } from "vitest";
import { onOpenRequest } from "./opened";

type Handler = (event: { payload: unknown }) => void;
const { listen, isTauri } = vi.hoisted(() => ({ listen: vi.fn(), isTauri: vi.fn() }));
vi.mock("@tauri-apps/api/core", () => ({ isTauri }));
vi.mock("@tauri-apps/api/event", () => ({ listen }));

describe("onOpenRequest", () => {
  beforeEach(() => {
    vi.resetAllMocks();
  });

  it("hands on the id of a clicked notification and nothing else", () => {
    isTauri.mockReturnValue(true);
    listen.mockResolvedValue(() => undefined);
    const opened: string[] = [];
    onOpenRequest((id) => opened.push(id));
    expect(listen).toHaveBeenCalledWith("andon://open", expect.any(Function));
    const handler = listen.mock.calls[0]?.[1] as Handler;
    for (const payload of ["0198-a", "", 7, null, { id: "0198-b" }]) handler({ payload });
    expect(opened).toEqual(["0198-a"]);
  });

  it("ends the listening even when it is ended before it began", async () => {
    isTauri.mockReturnValue(true);
    const unlisten = vi.fn();
    listen.mockResolvedValue(unlisten);
    onOpenRequest(() => undefined)();
    await vi.waitFor(() => { expect(unlisten).toHaveBeenCalledOnce(); });
  });

  it("listens to nobody in a browser", () => {
    isTauri.mockReturnValue(false);
    onOpenRequest(() => undefined)();
    expect(listen).not.toHaveBeenCalled();
  });
});
