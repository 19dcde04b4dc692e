using CsCheck;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks;

/// <summary>Random histories with power cuts, against what was promised.</summary>
public class CrashModelTests
{
    private static readonly BlockStoreOptions Options = new() { SegmentBytes = 1 << 20, Writers = 2, Workers = 1 };
    private static readonly CollectionOptions Now = new() { Grace = TimeSpan.Zero, TrashTime = TimeSpan.Zero };

    [Fact]
    public void Committed_manifests_survive_every_crash()
    {
        Gen.Int[0, int.MaxValue].Sample(
            seed =>
            {
                var random = new Random(seed);
                var disk = new MemoryBackend();
                var store = BlockStore.Open(disk, Options, TimeProvider.System);
                var committed = new Dictionary<ManifestId, Dictionary<long, int>>();
                for (var step = 0; step < 30; step++)
                {
                    switch (random.Next(10))
                    {
                        case < 4:
                            store.Put(Some.Block(random.Next(12)), null);
                            break;
                        case < 7:
                            Commit(store, random, committed);
                            break;
                        case 7 when committed.Count > 0:
                            committed.Remove(committed.Keys.ElementAt(random.Next(committed.Count)));
                            Assert.Null(new Collector(store).Run(
                                () => committed.Keys, Now, CancellationToken.None).Refused);
                            break;
                        case 8:
                            disk = disk.Crash(random);
                            store = BlockStore.Open(disk, Options, TimeProvider.System);
                            break;
                        default:
                            store.Dispose();
                            store = BlockStore.Open(disk, Options, TimeProvider.System);
                            break;
                    }
                }

                disk = disk.Crash(random);
                using var after = BlockStore.Open(disk, Options, TimeProvider.System);
                foreach (var (id, content) in committed) Verify(after, id, content);
                Assert.True(new Scrub(after).Run(new CheckOptions(), CancellationToken.None).Problems
                    .All(p => p.IsRepaired || !committed.Keys.Any(k => k.ToString() == p.Where)));
            },
            iter: 40, threads: 1);
    }

    [Fact]
    public void Volume_keeps_what_was_flushed_and_invents_nothing()
    {
        Gen.Int[0, int.MaxValue].Sample(
            seed =>
            {
                var random = new Random(seed);
                const int Sectors = 64;
                var disk = new MemoryBackend();
                using var store = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
                using var builder = store.BuildManifest(1, null);
                var block = new byte[Block.Size];
                for (var i = 0; i < Sectors; i++) block[i * 4096] = 200;
                builder.Put(0, block);
                using var domain = Some.Domain();
                var volume = VolumeDevice.Create(
                    disk, Block.Size, builder.Commit(), store, _ => domain, TimeProvider.System,
                    seed % 2 == 0 ? null : domain.Id);

                // What a sector may hold after a crash: what was flushed last, and everything written since.
                var allowed = Enumerable.Range(0, Sectors).Select(_ => new HashSet<byte> { 200 }).ToArray();
                var current = Enumerable.Repeat((byte)200, Sectors).ToArray();
                for (var step = 0; step < 60; step++)
                {
                    switch (random.Next(12))
                    {
                        case < 7:
                            var at = random.Next(Sectors);
                            var value = (byte)random.Next(1, 200);
                            var sector = new byte[4096];
                            sector[0] = value;
                            volume.Write(at * 4096, sector);
                            current[at] = value;
                            allowed[at].Add(value);
                            break;
                        case < 9:
                            volume.Flush();
                            for (var i = 0; i < Sectors; i++) allowed[i] = [current[i]];
                            break;
                        case 9:
                            if (volume.Cuts.Count < 3) volume.Cut($"cut-{step}");
                            break;
                        case 10:
                            if (volume.Cuts.Count > 0) volume.AbandonCut(volume.Cuts[0].Id);
                            break;
                        default:
                            var isKilled = random.Next(2) == 0;
                            disk = isKilled ? disk.Reopen() : disk.Crash(random);
                            volume = VolumeDevice.Open(disk, store, _ => domain, TimeProvider.System);
                            var read = new byte[Block.Size];
                            volume.Read(0, read);
                            for (var i = 0; i < Sectors; i++)
                            {
                                // Whoever wrote outlives a kill of the process, and counts on what was answered.
                                if (isKilled) Assert.Equal(current[i], read[i * 4096]);
                                Assert.Contains(read[i * 4096], allowed[i]);
                                current[i] = read[i * 4096];

                                // It was seen, but it is not promised before the next flush.
                                allowed[i].Add(current[i]);
                            }

                            break;
                    }
                }
            },
            iter: 150, threads: 1);
    }

    [Fact]
    public void Full_disk_refuses_loses_nothing_and_heals()
    {
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(disk, Options, TimeProvider.System);
        var random = new Random(1);
        var committed = new Dictionary<ManifestId, Dictionary<long, int>>();
        Commit(store, random, committed);
        disk.SpaceBytes = 0;
        using var builder = store.BuildManifest(100, null);
        Assert.Throws<StoreFullException>(() =>
        {
            for (var i = 0; i < 50; i++) builder.Put(i, Some.Block(100 + i));
            builder.Commit();
        });
        foreach (var (id, content) in committed) Verify(store, id, content);
        disk.SpaceBytes = long.MaxValue;
        for (var i = 0; i < 50; i++) builder.Put(i, Some.Block(100 + i));
        Verify(store, builder.Commit(), Enumerable.Range(0, 50).ToDictionary(i => (long)i, i => 100 + i));
    }

    private static void Commit(
        BlockStore store, Random random, Dictionary<ManifestId, Dictionary<long, int>> committed)
    {
        using var builder = store.BuildManifest(9000, null);
        var content = new Dictionary<long, int>();
        for (var i = 0; i < random.Next(1, 6); i++)
        {
            var index = random.Next(9000);
            content[index] = random.Next(12);
            builder.Put(index, Some.Block(content[index]));
        }

        committed[builder.Commit()] = content;
    }

    private static void Verify(BlockStore store, ManifestId id, Dictionary<long, int> content)
    {
        var manifest = store.OpenManifest(id);
        Assert.Equal(content.Count, manifest.BlockCount);
        var read = new byte[Block.Size];
        foreach (var (index, address) in manifest.Entries())
        {
            store.Read(address, null, read);
            Assert.True(read.AsSpan().SequenceEqual(Some.Block(content[index])));
        }
    }
}
