using System.Diagnostics;
using System.Globalization;
using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks;

/// <summary>A real process is killed at a random moment, several times over; what it acknowledged is there.</summary>
public class KillTests
{
    [Fact]
    public void Killed_process_loses_nothing_it_acknowledged()
    {
        using var folder = new TempFolder();
        var random = new Random(42);
        var staged = new Dictionary<int, HashSet<int>>();
        var written = new Dictionary<int, HashSet<int>>();
        var committed = new Dictionary<string, int>();
        for (var round = 0; round < 5; round++)
        {
            Work(folder, round * 100, random.Next(20, 120), staged, written, committed);
            using var store = Some.Store(folder.Sub("blocks"));
            VerifyStaged(store, staged);
            VerifyVolume(store, folder.Sub("vol"), written);
            foreach (var (id, from) in committed) VerifyManifest(store, new ManifestId(id), from);
            Assert.True(new Scrub(store).Run(new CheckOptions(), CancellationToken.None).IsHealthy);
        }

        Assert.NotEmpty(staged);
        Assert.NotEmpty(committed);
    }

    private static void Work(
        string folder, int seed, int lines, Dictionary<int, HashSet<int>> staged,
        Dictionary<int, HashSet<int>> written, Dictionary<string, int> committed)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.Environment[CrashChild.FolderVariable] = folder;
        start.Environment[CrashChild.SeedVariable] = seed.ToString(CultureInfo.InvariantCulture);
        using var child = Process.Start(start)!;
        try
        {
            Assert.Equal("ready", child.StandardOutput.ReadLine());
            for (var i = 0; i < lines; i++) Note(child.StandardOutput.ReadLine(), staged, written, committed);
        }
        finally
        {
            child.Kill();
        }

        // What it said before it died was acknowledged too.
        while (child.StandardOutput.ReadLine() is { } line) Note(line, staged, written, committed);
        child.WaitForExit();
    }

    private static void Note(
        string? line, Dictionary<int, HashSet<int>> staged, Dictionary<int, HashSet<int>> written,
        Dictionary<string, int> committed)
    {
        var words = line?.Split(' ') ?? [];
        if (words.Length != 3 || !int.TryParse(words[2], CultureInfo.InvariantCulture, out var content)) return;
        var which = words[0] is "putting" or "put" ? staged : written;
        switch (words[0])
        {
            case "putting" or "writing":
                // Begun: from now on it may be there.
                var key = int.Parse(words[1], CultureInfo.InvariantCulture);
                if (!which.TryGetValue(key, out var maybe)) which[key] = maybe = [-1];
                maybe.Add(content);
                break;
            case "put" or "flushed":
                which[int.Parse(words[1], CultureInfo.InvariantCulture)] = [content];
                break;
            case "committed" when words[1].Length == 64:
                committed[words[1]] = content;
                break;
        }
    }

    private static void VerifyStaged(BlockStore store, Dictionary<int, HashSet<int>> staged)
    {
        using var snapshot = store.OpenStaged("snap-1", _ => null!)!;
        var read = new byte[Block.Size];
        foreach (var (index, allowed) in staged)
        {
            if (!snapshot.TryGet(index, out var address))
            {
                Assert.Contains(-1, allowed);
                continue;
            }

            store.Read(address, null, read);
            allowed.RemoveWhere(c => c < 0 || !read.AsSpan().SequenceEqual(Some.Block(c)));
            Assert.Single(allowed);
        }
    }

    private static void VerifyVolume(BlockStore store, string directory, Dictionary<int, HashSet<int>> written)
    {
        using var volume = VolumeDevice.Open(directory, store, _ => null!, TimeProvider.System);
        var read = new byte[Block.Size];
        var sector = new byte[4096];
        foreach (var (block, allowed) in written)
        {
            // A write that was under way may be there in part: sector by sector old or new.
            volume.Read((long)block * Block.Size, read);
            for (var at = 0; at < Block.Size; at += 4096)
            {
                var found = read.AsSpan(at, 4096);
                var known = false;
                foreach (var content in allowed)
                {
                    var expected = content < 0 ? sector : Some.Block(content).AsSpan(at, 4096);
                    known |= found.SequenceEqual(expected);
                }

                Assert.True(known, $"block {block} sector {at / 4096}");
            }
        }
    }

    private static void VerifyManifest(BlockStore store, ManifestId id, int from)
    {
        var read = new byte[Block.Size];
        var entries = store.OpenManifest(id).Entries().ToList();
        Assert.Equal(5, entries.Count);
        foreach (var (index, address) in entries)
        {
            store.Read(address, null, read);
            Assert.True(read.AsSpan().SequenceEqual(Some.Block(from + (int)index)));
        }
    }
}
