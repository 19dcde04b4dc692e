using System.Runtime.ExceptionServices;
using Kiln.Blocks.Loading;

namespace Kiln.Blocks;

/// <summary>A few threads that do the same until nothing is left: run to completion, no queue between stages.</summary>
internal static class Workers
{
    /// <summary>Runs; the first failure stops the others and is thrown.</summary>
    internal static void Run(int count, Action<CancellationToken> body, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var threads = new Thread[count];
        Exception? failure = null;
        for (var i = 0; i < count; i++)
        {
            threads[i] = new Thread(() =>
            {
                // Uploads and copies are nobody's wait: guests, whose threads these share the cores with, are.
                ThreadClaim.Lower();
                try
                {
                    body(stop.Token);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref failure, e, null);
                    stop.Cancel();
                }
            })
            { IsBackground = true, Name = "kiln-blocks" };
            threads[i].Start();
        }

        foreach (var thread in threads) thread.Join();
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        cancel.ThrowIfCancellationRequested();
    }
}
