using Kiln.Blocks;
using Kiln.Blocks.Devices;

namespace Kiln.Tests.Blocks.Devices;

public sealed class LayerMapTests
{
    [Fact]
    public void Who_finds_a_bit_that_another_has_set_finds_it_unlogged()
    {
        const int Rounds = 200_000;
        var map = new LayerMap((long)Rounds * Block.Size);
        var writer = new Thread(() =>
        {
            for (var block = 0; block < Rounds; block++) map.Set(block, 1);
        })
        { IsBackground = true };
        writer.Start();
        var logged = new HashSet<long>();
        for (var block = 0; block < Rounds; block++)
        {
            // As a second guest does whose write meets the bit, and who flushes then.
            while (!map.Has(block, 1)) Thread.SpinWait(1);
            if (logged.Contains(block)) continue;
            foreach (var taken in map.TakeUnlogged()) logged.Add(taken.Block);
            Assert.Contains(block, logged);
        }

        writer.Join();
    }
}
