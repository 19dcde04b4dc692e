using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Segments;

namespace Kiln.Tests.Blocks;

/// <summary>Puts beside syncs that fail: what the index names is always there.</summary>
public sealed class HealingRaceTests
{
    private const int Heals = 300;

    [Fact]
    public async Task A_record_that_is_appended_while_its_segment_is_given_up_is_found()
    {
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(disk, Some.Small, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var putters = Enumerable.Range(1, 3).Select(n => Task.Factory.StartNew(
            () => Put(store, n, stop.Token), stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default))
            .ToList();
        for (var i = 0; i < Heals && putters.TrueForAll(p => !p.IsFaulted); i++)
        {
            disk.SyncsFail = true;
            Record.Exception(store.Sync);
            disk.SyncsFail = false;
            store.Sync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(putters);
        Assert.Equal(0, store.LostRecords);
    }

    // One record put, read, and forgotten again, as fast as it goes.
    private static void Put(BlockStore store, int number, CancellationToken stop)
    {
        var block = new byte[Block.Size];
        block.AsSpan().Fill((byte)number);
        var codec = store.Codecs.Rent();
        var reader = store.Codecs.Rent();
        try
        {
            var address = store.Put(block, null);
            store.LoadRecord(codec, address, RecordHeader.KindBlock);
            while (!stop.IsCancellationRequested)
            {
                Assert.True(store.Index.TryFind(address, out var at));
                store.Index.Leave(address, at, null);
                try
                {
                    store.AppendRecord(codec);
                }
                catch (StoreReadOnlyException)
                {
                    // Another disk, another try.
                    while (!store.Index.TryFind(address, out _) && !TryAppend(store, codec)) Thread.Yield();
                }

                store.LoadRecord(reader, address, RecordHeader.KindBlock);
            }
        }
        finally
        {
            store.Codecs.Return(codec);
            store.Codecs.Return(reader);
        }
    }

    private static bool TryAppend(BlockStore store, BlockCodec codec)
    {
        try
        {
            return store.AppendRecord(codec);
        }
        catch (StoreReadOnlyException)
        {
            return false;
        }
    }
}
