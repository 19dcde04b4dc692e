using System.Diagnostics;
using System.Globalization;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Devices;

/// <summary>What a guest's requests cost in the newest layer of a volume, clear or encrypted: processor time for each
/// MiB, without flushes.</summary>
/// <remarks>Estimate: AES-256 runs at some 4 GB/s a core, so 250 µs a MiB and a third more for tweaks and XOR; the
/// copy to the page cache costs about as much.</remarks>
internal static class Layers
{
    private const int MiB = 256;
    private const int Rounds = 8;

    internal static void Run(BlockStore store, string directory, KeyDomain? domain)
    {
        using var volume = VolumeDevice.Create(
            directory, (long)MiB << 20, null, store, _ => domain!, TimeProvider.System, domain?.Id);
        foreach (var kib in (int[])[4, 64, 512])
        {
            var buffer = new byte[kib << 10];
            new Random(1).NextBytes(buffer);
            Measure($"write {kib} KiB", buffer.Length, at => volume.Write(at, buffer));
            Measure($"read {kib} KiB", buffer.Length, at => volume.Read(at, buffer));
        }
    }

    /// <summary>The same of sectors that the layer does not hold yet: their bits have to outlive the process.</summary>
    internal static void RunFirst(BlockStore store, string directory)
    {
        var buffer = new byte[4096];
        new Random(1).NextBytes(buffer);
        var times = new List<double>();
        for (var round = 0; round <= Rounds; round++)
        {
            using var volume = VolumeDevice.Create(
                Path.Combine(directory, $"{round}"), (long)MiB << 20, null, store, _ => null!, TimeProvider.System);
            times.Add(Time(() => All(buffer.Length, at => volume.Write(at, buffer))));
        }

        times.RemoveAt(0);
        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"first write 4 KiB: {times[Rounds / 2]:F0} µs/MiB (least {times[0]:F0})"));
    }

    private static double Time(Action work)
    {
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        work();
        process.Refresh();
        return (process.TotalProcessorTime - before).TotalMicroseconds / MiB;
    }

    private static void Measure(string what, int step, Action<long> request)
    {
        // The first round makes the pages, and the code hot.
        All(step, request);
        var times = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            times.Add(Time(() => All(step, request)));
        }

        times.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what}: {times[Rounds / 2]:F0} µs/MiB (least {times[0]:F0})"));
    }

    private static void All(int step, Action<long> request)
    {
        for (long at = 0; at < (long)MiB << 20; at += step) request(at);
    }
}
