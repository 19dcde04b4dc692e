using Kiln.Blocks.Backends;

namespace Kiln.Blocks.Loading;

/// <summary>How much of the machine a thread may claim beside others.</summary>
internal static class ThreadClaim
{
    // A tenth of what an ordinary thread gets when both want a core, and all of it when nobody else does.
    private const int Nice = 10;

    // The least of the best-effort class. The idle class could be shut out of a busy disk for ever.
    private const int LeastIo = (2 << 13) | 7;

    /// <summary>Lowers the calling thread's claim to processor and disk. Where the system refuses, nothing is lost:
    /// it is only a courtesy.</summary>
    internal static void Lower()
    {
        _ = Libc.SetPriority(Libc.PriorityOfThread, 0, Nice);
        if (Libc.SetIoPriorityCall is { } call) _ = Libc.Syscall(call, 1, 0, LeastIo);
    }
}
