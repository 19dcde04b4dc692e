using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks.Loading;

/// <summary>A store with one snapshot whose blocks lie apart, and volumes made from it.</summary>
internal sealed class Lazy : IDisposable
{
    public const long Size = 3L << 30;

    // Neighbours, a gap, both sides of a manifest page's end, the volume's last block.
    public static readonly long[] Blocks = [0, 1, 2, 9, 10, 100, 2000, 4095, 4096, 4097, 5000, (Size / Block.Size) - 1];

    private readonly TempFolder folder = new();
    private readonly KeyDomain? domain;

    /// <param name="encrypted">Whether snapshot and volumes are under a key.</param>
    /// <param name="blocks">So many blocks from the 200th on, besides, all alike.</param>
    public Lazy(bool encrypted = false, int blocks = 0)
    {
        domain = encrypted ? Some.Domain() : null;
        Store = Some.Store(folder.Sub("blocks"));
        using var builder = Store.BuildManifest(Size / Block.Size, domain);
        foreach (var block in Blocks) builder.Put(block, Some.Block((int)block));
        for (var block = 200; block < 200 + blocks; block++) builder.Put(block, Some.Block(1));
        Manifest = builder.Commit();
    }

    public BlockStore Store { get; private set; }

    public ManifestId Manifest { get; }

    public KeyDomain Key(string id) => domain!;

    public string? DomainId => domain?.Id;

    public string Folder(string name) => folder.Sub(name);

    public VolumeDevice New(string name, long size = Size) => VolumeDevice.Create(
        Folder(name), size, Manifest, Store, Key, TimeProvider.System, DomainId);

    public VolumeDevice Open(string name) => VolumeDevice.Open(Folder(name), Store, Key, TimeProvider.System);

    /// <summary>Closes the store and opens it again without any of its segments.</summary>
    public void LoseSegments()
    {
        Store.Dispose();
        Directory.Delete(Path.Combine(Folder("blocks"), "segments"), recursive: true);
        Store = Some.Store(Folder("blocks"));
    }

    /// <summary>Fails unless the volume shows the snapshot: its blocks, and zeros around them.</summary>
    public static void Check(VolumeDevice volume, Func<long, byte[]?>? changed = null)
    {
        var read = new byte[Block.Size];
        foreach (var block in Blocks)
        {
            volume.Read(block * Block.Size, read);
            Assert.True(read.AsSpan().SequenceEqual(changed?.Invoke(block) ?? Some.Block((int)block)), $"{block}");
        }

        foreach (var hole in (long[])[3, 50, 4094, 4098, 6000])
        {
            volume.Read(hole * Block.Size, read);
            Assert.True(Block.IsZero(read), $"{hole}");
        }
    }

    public void Dispose()
    {
        Store.Dispose();
        domain?.Dispose();
        folder.Dispose();
    }
}
