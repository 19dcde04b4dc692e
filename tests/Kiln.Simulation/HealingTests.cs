using Kiln.Blocks;
using Kiln.Blocks.Devices;
using Kiln.Simulation.Disks;
using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>Syncs that fail, and disks that are whole again afterwards: told step by step, without chance.</summary>
public sealed class HealingTests : IDisposable
{
    private const int Size = Block.Size;

    private readonly Faults faults = new(new Random(1));
    private readonly SimulatedClock clock = new();
    private Machine machine;

    public HealingTests() => machine = new Machine(new ModelDisk(), faults, clock);

    private BlockStore Store => machine.Store(0);

    public void Dispose() => machine.Dispose();

    [Fact]
    public void A_commit_that_a_sync_refused_succeeds_from_what_the_store_still_has()
    {
        using var builder = Store.BuildManifest(3, null);
        for (var i = 0; i < 3; i++) builder.Put(i, Filled(i + 1));
        (faults.RefusesSyncs, faults.Forgets) = (true, false);
        Assert.Throws<StoreReadOnlyException>(() => builder.Commit());
        Assert.Throws<StoreReadOnlyException>(() => builder.Commit());

        faults.RefusesSyncs = false;
        var id = builder.Commit();

        Assert.Equal(0, Store.LostRecords);
        Assert.Equal(2, Store.GivenUpSegments);
        LosePower();
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(Filled(i + 1), Read(id, i)));
    }

    [Fact]
    public void What_the_disk_has_lost_is_refused_and_put_anew()
    {
        using var builder = Store.BuildManifest(2, null);
        builder.Put(0, Filled(1));
        (faults.RefusesSyncs, faults.Forgets) = (true, true);
        Assert.Throws<StoreReadOnlyException>(() => builder.Commit());
        faults.RefusesSyncs = false;

        // Another commit finds the loss; this one must not name what is gone.
        using (var other = Store.BuildManifest(1, null))
        {
            other.Put(0, Filled(7));
            Assert.Throws<StoreReadOnlyException>(() => builder.Commit());
        }

        Assert.True(Store.LostRecords > 0);
        using var again = Store.BuildManifest(2, null);
        again.Put(0, Filled(1));
        var id = again.Commit();
        LosePower();
        Assert.Equal(Filled(1), Read(id, 0));
    }

    [Fact]
    public void A_manifest_whose_name_was_not_durable_is_so_after_the_next_try()
    {
        using var builder = Store.BuildManifest(1, null);
        builder.Put(0, Filled(1));
        faults.RefusesFolder = "manifests";
        Assert.Throws<IOException>(() => builder.Commit());
        faults.RefusesFolder = null;
        var id = builder.Commit();
        LosePower();
        Assert.Equal(Filled(1), Read(id, 0));
    }

    [Fact]
    public void What_a_compaction_moved_is_found_again_where_it_was()
    {
        using var builder = Store.BuildManifest(1, null);
        builder.Put(0, Filled(1));
        var id = builder.Commit();
        Store.SealSegments();
        Store.Index.TryFind(AddressOf(id), out var original);
        var codec = Store.Codecs.Rent();
        Store.LoadRecord(codec, AddressOf(id), 0);
        Assert.True(Store.Append(codec, original));
        Store.Codecs.Return(codec);

        (faults.RefusesSyncs, faults.Forgets) = (true, true);
        Assert.Throws<StoreReadOnlyException>(() => Store.Sync());
        faults.RefusesSyncs = false;
        Store.Sync();

        Assert.True(Store.Index.TryFind(AddressOf(id), out var found));
        Assert.Equal(original, found);
        Assert.Equal(Filled(1), Read(id, 0));
    }

    [Fact]
    public void A_volume_refuses_flushes_until_it_is_mended_and_shows_the_old_or_the_new()
    {
        var volume = machine.Make("vol", 0, 4 * Size, null, null);
        volume.Write(0, Filled(1));
        volume.Flush();
        volume.Write(0, Filled(2));
        volume.Write(2 * Size, Filled(3));
        (faults.RefusesSyncs, faults.Forgets) = (true, true);
        Assert.Throws<IOException>(() => volume.Flush());
        faults.RefusesSyncs = false;

        Assert.True(volume.IsBroken);
        Assert.Throws<IOException>(() => volume.Flush());
        Assert.Throws<IOException>(() => volume.Cut("snap"));
        Assert.Equal(Filled(1), Read(volume, 0));
        Assert.Equal(new byte[Size], Read(volume, 2));

        volume.Mend();
        volume.Write(Size, Filled(4));
        volume.Flush();
        LosePower();
        var after = machine.OpenVolume("vol", 0);
        Assert.Equal(Filled(1), Read(after, 0));
        Assert.Equal(Filled(4), Read(after, 1));
        Assert.Equal(new byte[Size], Read(after, 2));
    }

    [Fact]
    public async Task An_instant_in_doubt_is_lost_and_the_next_is_whole()
    {
        var volume = machine.Make("vol", 0, 2 * Size, null, null);
        volume.Write(0, Filled(1));
        volume.Cut("snap-1");
        (faults.RefusesSyncs, faults.Forgets) = (true, false);
        await Assert.ThrowsAsync<VolumeCutLostException>(() => Upload(volume, "snap-1"));
        faults.RefusesSyncs = false;
        await Assert.ThrowsAsync<VolumeCutLostException>(() => Upload(volume, "snap-1"));

        volume.Mend();
        await Assert.ThrowsAsync<VolumeCutLostException>(() => Upload(volume, "snap-1"));
        volume.AbandonCut("snap-1");
        volume.Write(0, Filled(2));
        volume.Cut("snap-2");
        var id = await Upload(volume, "snap-2");
        LosePower();
        Assert.Equal(Filled(2), Read(id, 0));
    }

    [Fact]
    public void A_volume_that_is_closed_after_the_disk_is_whole_again_needs_no_mending()
    {
        var volume = machine.Make("vol", 0, Size, null, "key-1");
        volume.Write(0, Filled(5));
        (faults.RefusesSyncs, faults.Forgets) = (true, false);
        Assert.Throws<IOException>(() => volume.Flush());
        volume.Write(0, Filled(6));
        faults.RefusesSyncs = false;
        machine.CloseVolume("vol");

        var again = machine.OpenVolume("vol", 0);
        Assert.False(again.IsBroken);
        LosePower();
        Assert.Equal(Filled(6), Read(machine.OpenVolume("vol", 0), 0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_doubt_outlives_the_process(bool forgets)
    {
        var volume = machine.Make("vol", 0, 4 * Size, null, null);
        volume.Write(0, Filled(1));
        volume.Flush();
        volume.Write(0, Filled(2));
        (faults.RefusesSyncs, faults.Forgets) = (true, forgets);
        Assert.Throws<IOException>(() => volume.Flush());
        volume.Write(Size, Filled(3));
        faults.RefusesSyncs = false;
        Kill();

        // What it shows may be in the page cache alone, and the kernel says nothing about that any more.
        var after = machine.OpenVolume("vol", 0);
        Assert.True(after.IsBroken);
        Assert.Throws<IOException>(() => after.Flush());
        var shown = Read(after, 0);
        Assert.Equal(Filled(forgets ? 1 : 2), shown);
        after.Mend();
        after.Flush();
        LosePower();
        after = machine.OpenVolume("vol", 0);
        Assert.False(after.IsBroken);
        Assert.Equal(shown, Read(after, 0));
    }

    [Fact]
    public void A_log_whose_sync_failed_is_not_built_on_by_the_next_process()
    {
        var volume = machine.Make("vol", 0, 4 * Size, null, null);
        volume.Write(0, Filled(1));
        (faults.RefusesSyncsOf, faults.Forgets) = (".log", false);
        Assert.Throws<IOException>(() => volume.Flush());
        faults.RefusesSyncsOf = null;
        Kill();

        // Not even where the note about it could not be written.
        var folder = machine.Folder("vol");
        foreach (var note in folder.List("").Where(f => f.Contains(VolumeLayer.DoubtPrefix, StringComparison.Ordinal)))
            folder.Delete(note);
        var after = machine.OpenVolume("vol", 0);
        var shown = Read(after, 0);
        after.Write(Size, Filled(2));
        after.Flush();
        LosePower();
        after = machine.OpenVolume("vol", 0);
        Assert.Equal(shown, Read(after, 0));
        Assert.Equal(Filled(2), Read(after, 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_instant_whose_log_was_lost_is_lost_and_never_wrong(bool flushedAgain)
    {
        var volume = machine.Make("vol", 0, Size, null, null);
        volume.Write(0, Filled(1));
        volume.Cut("snap");
        (faults.RefusesSyncsOf, faults.Forgets) = (".log", true);
        Assert.Throws<IOException>(() => volume.Flush());
        faults.RefusesSyncsOf = null;
        if (flushedAgain) volume.Flush();
        Kill();

        var after = machine.OpenVolume("vol", 0);
        Assert.Equal(!flushedAgain, after.IsBroken);
        if (flushedAgain) Assert.Equal(Filled(1), Read(await Upload(after, "snap"), 0));
        else await Assert.ThrowsAsync<VolumeCutLostException>(() => Upload(after, "snap"));
    }

    [Fact]
    public void A_loss_of_power_ends_the_doubt()
    {
        var volume = machine.Make("vol", 0, 4 * Size, null, null);
        volume.Write(0, Filled(1));
        (faults.RefusesSyncs, faults.Forgets) = (true, false);
        Assert.Throws<IOException>(() => volume.Flush());
        faults.RefusesSyncs = false;
        LosePower(Survival.Everything);

        var after = machine.OpenVolume("vol", 0);
        Assert.False(after.IsBroken);
        Assert.Equal(new byte[Size], Read(after, 0));
        after.Flush();
    }

    [Fact]
    public async Task A_mending_that_fails_shows_nothing_that_was_never_there()
    {
        var volume = machine.Make("vol", 0, 2 * Size, null, null);
        volume.Write(0, Filled(1));
        volume.Cut("snap");
        await Upload(volume, "snap");
        volume.Write(Size, Filled(2));
        (faults.RefusesSyncsOf, faults.Forgets) = (".data", true);
        Assert.Throws<IOException>(() => volume.Flush());
        volume.Write(0, Filled(3));
        Assert.Throws<IOException>(() => volume.Mend());

        // The old or the new: not the zeros that the disk has there in the layer's file.
        Assert.Equal(Filled(1), Read(volume, 0));
        faults.RefusesSyncsOf = null;
        volume.Mend();
        LosePower();
        Assert.Equal(Filled(1), Read(machine.OpenVolume("vol", 0), 0));
    }

    [Fact]
    public async Task A_local_copy_that_the_disk_has_lost_is_none()
    {
        const int Count = 20; // a batch of 16, and some that the sync after it forgets
        using var builder = Store.BuildManifest(Count, null);
        for (var i = 0; i < Count; i++) builder.Put(i, Filled(i + 1));
        var volume = machine.Make("vol", 0, Count * Size, builder.Commit(), null);
        var batches = new AfterEach(() => (faults.RefusesSyncs, faults.Forgets) = (true, true));
        await Assert.ThrowsAsync<IOException>(
            () => volume.HydrateAsync(0, batches, TestContext.Current.CancellationToken));
        faults.RefusesSyncs = false;

        Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(Filled(i + 1), Read(volume, i)));
        await volume.HydrateAsync(0, null, TestContext.Current.CancellationToken);
        LosePower();
        var after = machine.OpenVolume("vol", 0);
        Assert.True(after.IsLocal);
        Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(Filled(i + 1), Read(after, i)));
    }

    private static Task<Blocks.Manifests.ManifestId> Upload(VolumeDevice volume, string cut) =>
        volume.UploadCutAsync(cut, null, null, TestContext.Current.CancellationToken);

    private void LosePower(Survival? survival = null) =>
        GoOnWith(machine.Disk.AfterPowerLoss(survival ?? Survival.Nothing));

    private void Kill() => GoOnWith(machine.Disk.Fork());

    private void GoOnWith(ModelDisk disk)
    {
        machine.Disk.StopAfter(0);
        machine.Dispose();
        machine = new Machine(disk, faults, clock);
    }

    private BlockAddress AddressOf(Blocks.Manifests.ManifestId id)
    {
        Store.OpenManifest(id).TryGet(0, out var address);
        return address;
    }

    private byte[] Read(Blocks.Manifests.ManifestId id, long index)
    {
        var block = new byte[Size];
        Assert.True(Store.OpenManifest(id).TryGet(index, out var address));
        Store.Read(address, null, block);
        return block;
    }

    private static byte[] Read(VolumeDevice volume, int index)
    {
        var block = new byte[Size];
        volume.Read((long)index * Size, block);
        return block;
    }

    private static byte[] Filled(int value)
    {
        var block = new byte[Size];
        new Random(value).NextBytes(block);
        return block;
    }

    private sealed class AfterEach(Action then) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value) => then();
    }
}
