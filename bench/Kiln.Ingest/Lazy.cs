using System.Globalization;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Nbd;

/// <summary>Volumes above a snapshot that has not been loaded. Used by bench/lazy.sh.</summary>
internal static class Lazy
{
    private static readonly TimeProvider Clock = TimeProvider.System;

    /// <summary>Serves a new volume over NBD until its standard input ends.</summary>
    public static void Serve(BlockStore store, ManifestId id, string folder, string socket)
    {
        using var volume = New(store, id, folder);
        using var server = new NbdServer(_ => volume, () => ["lazy"], Clock);
        server.ListenUnix(socket);
        Console.WriteLine("ready");
        Console.In.ReadToEnd();
    }

    /// <summary>Reads as a boot does: 250 places, a few neighbouring 16 KiB at each, and half a millisecond of other
    /// work after every read. The same every time, so that a second run has a trace of it.</summary>
    public static void Boot(BlockStore store, ManifestId id, string folder)
    {
        using var volume = New(store, id, folder);
        var data = store.OpenManifest(id).Entries().Select(e => e.Index).ToArray();
        var random = new Random(7);
        var buffer = new byte[16 << 10];
        var times = new List<double>();
        var began = Clock.GetTimestamp();
        volume.BeginBoot();
        for (var place = 0; place < 250; place++)
        {
            var at = (data[random.Next(data.Length)] * Block.Size) + (random.Next(28) * buffer.Length);
            for (var n = random.Next(1, 5); n > 0; n--, at += buffer.Length)
            {
                var asked = Clock.GetTimestamp();
                volume.Read(at, buffer);
                times.Add(Clock.GetElapsedTime(asked).TotalMicroseconds);
                while (Clock.GetElapsedTime(asked).TotalMicroseconds < times[^1] + 500) Thread.SpinWait(50);
            }
        }

        var total = Clock.GetElapsedTime(began);
        volume.EndBoot();
        times.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{times.Count} reads, {total.TotalMilliseconds:F0} ms in all, {times.Sum() / 1000:F0} ms of it waiting, ")
            + string.Create(CultureInfo.InvariantCulture,
            $"p50 {times[times.Count / 2]:F0} us, p95 {times[times.Count * 95 / 100]:F0} us"));
    }

    /// <summary>Makes volumes above snapshots of 1 GiB and 16 TiB and reads their first sector, by turns.</summary>
    public static void Open(BlockStore store, string folder)
    {
        var sizes = new[] { 1L << 30, 16L << 40 };
        var manifests = sizes.Select(size => Sparse(store, size)).ToArray();
        var times = sizes.Select(_ => new List<double>()).ToArray();
        var sector = new byte[4096];
        for (var round = 0; round < 41; round++)
        {
            for (var i = 0; i < sizes.Length; i++)
            {
                var began = Clock.GetTimestamp();
                using (var volume = New(store, manifests[i], Path.Combine(folder, $"{round}-{i}")))
                {
                    volume.Read(0, sector);
                    times[i].Add(Clock.GetElapsedTime(began).TotalMilliseconds);
                }
            }
        }

        foreach (var (size, taken) in sizes.Zip(times))
        {
            taken.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{size >> 30} GiB: p50 {taken[taken.Count / 2]:F2} ms"));
        }
    }

    // A block in every 2 GiB: as many pages as the size can have.
    private static ManifestId Sparse(BlockStore store, long size)
    {
        using var builder = store.BuildManifest(size / Block.Size, null);
        var block = new byte[Block.Size];
        for (long index = 0; index < size / Block.Size; index += 4096)
        {
            BitConverter.TryWriteBytes(block, (index % 65536) + 1);
            builder.Put(index, block);
        }

        return builder.Commit();
    }

    private static VolumeDevice New(BlockStore store, ManifestId id, string folder) => VolumeDevice.Create(
        folder, store.OpenManifest(id).VolumeBlocks * Block.Size, id, store,
        _ => throw new InvalidOperationException("no keys"), Clock);
}
