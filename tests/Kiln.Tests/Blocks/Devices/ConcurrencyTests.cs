using Kiln.Blocks;
using Kiln.Blocks.Devices;

namespace Kiln.Tests.Blocks.Devices;

public class ConcurrencyTests
{
    [Fact]
    public async Task Guests_write_while_cuts_upload_and_each_cut_is_one_instant()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var a = Make(folder.Sub("a"), store);
        using var b = Make(folder.Sub("b"), store);
        using var stop = new CancellationTokenSource();

        // The guest counts up: first on a, then on b. At any instant b is as far as a, or one behind.
        var guest = new Thread(() =>
        {
            var sector = new byte[4096];
            for (long count = 1; !stop.IsCancellationRequested; count++)
            {
                BitConverter.TryWriteBytes(sector, count);
                var at = count % (Blocks * 128) * 4096;
                a.Write(at, sector);
                a.Write(0, sector);
                b.Write(0, sector);
            }
        });
        guest.Start();
        try
        {
            long last = 0;
            for (var round = 0; round < 8; round++)
            {
                VolumeDevice.CutTogether([(a, $"a-{round}"), (b, $"b-{round}")]);
                var ids = await Task.WhenAll(
                    a.UploadCutAsync($"a-{round}", null, null, CancellationToken.None),
                    b.UploadCutAsync($"b-{round}", null, null, CancellationToken.None));
                long countA = CountIn(store, ids[0]), countB = CountIn(store, ids[1]);
                Assert.InRange(countA - countB, 0, 1);
                Assert.True(countA >= last);
                last = countA;
            }
        }
        finally
        {
            await stop.CancelAsync();
            guest.Join();
        }
    }

    private const int Blocks = 12;

    private static VolumeDevice Make(string directory, BlockStore store) =>
        VolumeDevice.Create(directory, Blocks * Block.Size, null, store, _ => null!, TimeProvider.System);

    private static long CountIn(BlockStore store, Kiln.Blocks.Manifests.ManifestId id)
    {
        var bytes = new byte[8];
        if (store.OpenManifest(id).TryGet(0, out var address)) store.ReadRange(address, null, 0, bytes);
        return BitConverter.ToInt64(bytes);
    }
}
