namespace Kiln.Blocks.Nbd;

/// <summary>What one connection served since its last batch. Belongs to the connection's thread.</summary>
internal sealed class NbdTally(NbdCounters? total)
{
    private const int Read = 0;
    private const int Write = 1;

    private readonly long[] requests = new long[NbdCounters.TypeCount];
    private long readBytes;
    private long writtenBytes;
    private int untilSample = 1;
    private long sampled;

    /// <summary>A request begins.</summary>
    internal void Begin()
    {
        if (total is null || --untilSample > 0) return;
        untilSample = NbdCounters.SampleEvery;
        sampled = total.Now();
    }

    /// <summary>It was answered.</summary>
    internal void End(int type, uint length)
    {
        if (total is null) return;
        type = Math.Min(type, NbdCounters.TypeCount - 1);
        requests[type]++;
        if (type == Read) readBytes += length;
        else if (type == Write) writtenBytes += length;
        if (sampled == 0) return;
        total.Took(type, sampled);
        sampled = 0;
    }

    /// <summary>Adds up; with each batch of replies.</summary>
    internal void Flush()
    {
        if (total is null) return;
        for (var type = 0; type < requests.Length; type++)
        {
            if (requests[type] == 0) continue;
            total.Add(type, requests[type]);
            requests[type] = 0;
        }

        total.AddBytes(readBytes, writtenBytes);
        (readBytes, writtenBytes) = (0, 0);
    }
}
