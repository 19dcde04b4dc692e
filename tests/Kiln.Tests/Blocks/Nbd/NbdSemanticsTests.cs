using System.Net.Sockets;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Nbd;

namespace Kiln.Tests.Blocks.Nbd;

/// <summary>What each command and flag promises, through a client, over lazy volumes: one on a real disk, one on a
/// disk in memory that can lose its power.</summary>
public sealed class NbdSemanticsTests : IDisposable
{
    private const int Blocks = 40;
    private const uint NoSpace = 28, Invalid = 22, Io = 5;
    private readonly TempFolder folder = new();
    private readonly MemoryBackend disk = new();
    private readonly BlockStore store;
    private readonly VolumeDevice volume;
    private readonly VolumeDevice fragile;
    private readonly NbdServer server;

    public NbdSemanticsTests()
    {
        store = Some.Store(folder.Sub("blocks"));
        using var builder = store.BuildManifest(Blocks, null);
        for (var i = 0; i < 10; i++) builder.Put(i * 3, Some.Block(i));
        var id = builder.Commit();
        volume = VolumeDevice.Create(
            folder.Sub("vol"), Blocks * Block.Size, id, store, _ => null!, TimeProvider.System);
        fragile = VolumeDevice.Create(
            disk, Blocks * Block.Size, id, store, _ => null!, TimeProvider.System);
        server = new NbdServer(
            name => name switch { "disk" => volume, "fragile" => fragile, _ => null }, () => ["disk", "fragile"],
            TimeProvider.System);
        server.ListenUnix(Socket);
    }

    private string Socket => folder.Sub("nbd.sock");

    public void Dispose()
    {
        server.Dispose();
        volume.Dispose();
        fragile.Dispose();
        store.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Zeroes_of_every_kind_read_as_zeros_and_only_a_hole_is_one()
    {
        using var client = Connect("base:allocation");
        Assert.Equal(0u, client.Call(NbdClient.Trim, 4096, 8192).Error);
        Assert.Equal(0u, client.Call(NbdClient.WriteZeroes, 16384, 4096, NbdClient.NoHole).Error);
        Assert.Equal(0u, client.Call(NbdClient.WriteZeroes, 65536, 65536, NbdClient.FastZero).Error);
        Assert.Equal(0u, client.Call(NbdClient.WriteZeroes, Block.Size * 33L, 512, NbdClient.NoHole).Error);

        var expected = Some.Block(0);
        expected.AsSpan(4096, 8192).Clear();
        expected.AsSpan(16384, 4096).Clear();
        expected.AsSpan(65536, 65536).Clear();
        Assert.Equal(expected, client.Call(NbdClient.Read, 0, Block.Size).Data);
        Assert.True(Block.IsZero(client.Call(NbdClient.Read, Block.Size * 33L, 4096).Data));
    }

    [Fact]
    public void Flags_are_those_the_server_keeps_its_word_on()
    {
        using var client = Connect();
        Assert.Equal(1 | 4 | 8 | 32 | 64 | 128 | 256 | 1024 | 2048, client.Flags);
        Assert.Equal(0u, client.Call(NbdClient.Cache, 0, Blocks * Block.Size).Error);
        Assert.Equal(Invalid, client.Call(NbdClient.Read, 0, 4096, flags: 64).Error);
        Assert.Equal(Invalid, client.Call(NbdClient.Read, 256, 512).Error);
        Assert.Equal(Invalid, client.Call(NbdClient.Write, 0, 100, 0, new byte[100]).Error);
        Assert.Equal(Invalid, client.Call(9, 0, 512).Error);
        Assert.Equal(NoSpace, client.Call(NbdClient.Write, client.SizeBytes - 512, 1024, 0, new byte[1024]).Error);
        Assert.Equal(NoSpace, client.Call(NbdClient.WriteZeroes, client.SizeBytes, 512).Error);
        Assert.Equal(0u, client.Call(NbdClient.Read, 0, 512).Error);
    }

    [Fact]
    public void A_long_read_comes_in_chunks_unless_the_client_wants_one()
    {
        using var client = Connect();
        var all = new byte[8 * Block.Size];
        volume.Read(Block.Size, all);
        var chunks = client.Call(NbdClient.Read, Block.Size, all.Length);
        Assert.True(chunks.Chunks > 1);
        Assert.Equal(all, chunks.Data);
        var one = client.Call(NbdClient.Read, Block.Size, all.Length, NbdClient.Df);
        Assert.Equal(1, one.Chunks);
        Assert.Equal(all, one.Data);
        Assert.True(client.Call(NbdClient.Read, 31L * Block.Size, 4 * Block.Size).HasHole);
        using var simple = new RawNbdClient(Socket, "disk");
        var read = new byte[all.Length];
        simple.Read(Block.Size, read);
        Assert.Equal(all, read);
    }

    [Fact]
    public void A_write_of_any_length_arrives_whole()
    {
        using var client = Connect();
        var random = new Random(5);
        foreach (var length in (int[])[512, 4096, 65536 + 512, (256 << 10) - 512, (256 << 10) + 512, 3 << 20])
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            var at = random.Next(100) * 512L;
            Assert.Equal(0u, client.Call(NbdClient.Write, at, length, NbdClient.Fua, bytes).Error);
            Assert.Equal(bytes, client.Call(NbdClient.Read, at, length).Data);
        }
    }

    [Fact]
    public void A_flush_on_one_connection_covers_the_writes_of_all()
    {
        var random = new Random(6);
        using var flusher = new NbdClient(Socket, "fragile");
        var writers = Enumerable.Range(0, 4).Select(_ => new NbdClient(Socket, "fragile")).ToList();
        var expected = new byte[4][];
        for (var i = 0; i < writers.Count; i++)
        {
            random.NextBytes(expected[i] = new byte[6144]);
            Assert.Equal(0u, writers[i].Call(NbdClient.Write, (i * 7L * Block.Size) + 512, 6144, 0, expected[i]).Error);
        }

        Assert.Equal(0u, flusher.Call(NbdClient.Flush, 0, 0).Error);
        foreach (var writer in writers) writer.Dispose();
        for (var round = 0; round < 20; round++)
        {
            using var after = VolumeDevice.Open(disk.Crash(random), store, _ => null!, TimeProvider.System);
            for (var i = 0; i < expected.Length; i++)
            {
                var read = new byte[6144];
                after.Read((i * 7L * Block.Size) + 512, read);
                Assert.Equal(expected[i], read);
            }
        }
    }

    [Fact]
    public void Fua_makes_durable_what_it_wrote()
    {
        using var client = new NbdClient(Socket, "fragile");
        var bytes = new byte[4096];
        new Random(8).NextBytes(bytes);
        Assert.Equal(0u, client.Call(NbdClient.Write, 8192, 4096, NbdClient.Fua, bytes).Error);
        Assert.Equal(0u, client.Call(NbdClient.WriteZeroes, 0, 4096, NbdClient.Fua).Error);
        using var after = VolumeDevice.Open(disk.Crash(new Random(9)), store, _ => null!, TimeProvider.System);
        var read = new byte[12288];
        after.Read(0, read);
        Assert.True(Block.IsZero(read.AsSpan(0, 4096)));
        Assert.Equal(bytes, read[8192..]);
    }

    [Fact]
    public async Task Overlapping_writes_of_several_connections_leave_one_of_them_in_each_unit()
    {
        const int Units = 64;
        await Task.WhenAll(Enumerable.Range(1, 4).Select(who => Task.Factory.StartNew(
            () =>
            {
                using var client = Connect();
                var random = new Random(who);
                for (var round = 0; round < 200; round++)
                {
                    int first = random.Next(Units), count = random.Next(1, Units - first + 1);
                    var bytes = new byte[count * 512];
                    bytes.AsSpan().Fill((byte)who);
                    Assert.Equal(0u, client.Call(NbdClient.Write, first * 512L, bytes.Length, 0, bytes).Error);
                }
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        using var reader = Connect();
        var read = reader.Call(NbdClient.Read, 0, Units * 512).Data;
        for (var unit = 0; unit < Units; unit++)
        {
            var part = read.AsSpan(unit * 512, 512);
            Assert.InRange(part[0], 1, 4);
            Assert.False(part.ContainsAnyExcept(part[0]), $"unit {unit} is torn");
        }
    }

    [Fact]
    public void A_volume_that_grows_shows_it_to_new_connections_only()
    {
        using var before = Connect();
        var size = before.SizeBytes;
        volume.Grow(size * 2);
        Assert.Equal(NoSpace, before.Call(NbdClient.Write, size, 512, 0, new byte[512]).Error);
        Assert.Equal(Invalid, before.Call(NbdClient.Read, size, 512).Error);
        using var after = Connect();
        Assert.Equal(size * 2, after.SizeBytes);
        Assert.Equal(0u, after.Call(NbdClient.Write, size, 512, 0, new byte[512]).Error);
    }

    [Fact]
    public void Status_tells_data_from_zeros_wherever_they_come_from()
    {
        using var client = Connect("base:allocation");
        client.Call(NbdClient.Write, Block.Size + 8192, 4096, 0, new byte[4096]);
        client.Call(NbdClient.Trim, 0, 65536);
        client.Call(NbdClient.Trim, 3 * Block.Size, Block.Size);
        client.Call(NbdClient.Write, 35L * Block.Size, Block.Size, 0, Some.Block(77));
        var all = client.Call(NbdClient.Read, 0, Blocks * Block.Size).Data;
        long at = 0, data = 0;
        while (at < all.Length)
        {
            foreach (var (length, flags) in
                client.Call(NbdClient.BlockStatus, at, all.Length - at).Extents["base:allocation"])
            {
                if (flags == 3) Assert.True(Block.IsZero(all.AsSpan((int)at, (int)length)), $"data at {at}");
                else data += length;
                at += length;
            }
        }

        // Nine whole blocks of the base, the rest of the first, one sector and one block.
        Assert.Equal((9L * Block.Size) - 65536 + 4096 + Block.Size, data);
        var one = client.Call(NbdClient.BlockStatus, 0, Blocks * Block.Size, NbdClient.ReqOne);
        Assert.Equal([(65536u, 3u)], one.Extents["base:allocation"]);
    }

    [Fact]
    public async Task The_second_context_is_what_the_next_snapshot_will_read()
    {
        using var client = Connect("base:allocation", "kiln:dirty");
        Assert.Equal([((uint)(Blocks * Block.Size), 0u)], Dirty(client));
        client.Call(NbdClient.Write, Block.Size + 512, 512, 0, new byte[512]);
        client.Call(NbdClient.Trim, 2 * Block.Size, Block.Size);
        client.Call(NbdClient.Trim, 3 * Block.Size, 4096);
        Assert.Equal(
            [(Block.Size, 0u), (4096, 1), ((2 * Block.Size) - 4096, 0), (4096, 1), ((37 * Block.Size) - 4096, 0)],
            Dirty(client).Select(e => ((int)e.Length, e.Flags)));
        volume.Cut("c");
        await volume.UploadCutAsync("c", null, null, CancellationToken.None);
        Assert.Equal([((uint)(Blocks * Block.Size), 0u)], Dirty(client));
    }

    [Fact]
    public void A_grown_disk_is_shown_as_large_as_its_client_knows_it()
    {
        var path = folder.Sub("sized.sock");
        using var sized = new NbdServer(_ => volume, () => [], TimeProvider.System)
        {
            SizeMax = name => name.Length * 4096,
        };
        sized.ListenUnix(path);
        using var client = new NbdClient(path, "four");
        Assert.Equal(4 * 4096, client.SizeBytes);
        Assert.Equal(0u, client.Call(NbdClient.Read, 3 * 4096, 4096).Error);
        Assert.Equal(Invalid, client.Call(NbdClient.Read, 4 * 4096, 4096).Error);

        sized.Drop(name => name.StartsWith('f'));
        Assert.Equal(0, sized.Connections);
    }

    [Fact]
    public void Silent_and_half_open_connections_are_let_go()
    {
        var path = folder.Sub("impatient.sock");
        using var impatient = new NbdServer(
            _ => volume, () => [], TimeProvider.System, released: null, TimeSpan.FromMilliseconds(200));
        impatient.ListenUnix(path);

        // A client that made its choice may be silent for as long as it likes.
        using var patient = new NbdClient(path, "disk");
        foreach (var beginning in (byte[][])[[], [0, 0, 0, 3], [0, 0, 0, 3, .. "IHAVEOPT"u8, 0, 0]])
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.ReceiveTimeout = 30_000;
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.Send(beginning);
            var sink = new byte[64];
            while (socket.Receive(sink) > 0)
            {
                // The greeting, and then the end.
            }
        }

        Assert.Equal(0u, patient.Call(NbdClient.Read, 0, 512).Error);
    }

    [Fact]
    public void A_disk_that_lost_writes_never_says_again_that_they_are_durable()
    {
        using var client = new NbdClient(Socket, "fragile");
        Assert.Equal(0u, client.Call(NbdClient.Write, 0, 4096, 0, new byte[4096]).Error);
        disk.SyncsFail = true;
        Assert.Equal(Io, client.Call(NbdClient.Flush, 0, 0).Error);
        disk.SyncsFail = false;
        Assert.Equal(Io, client.Call(NbdClient.Flush, 0, 0).Error);
        Assert.Equal(0u, client.Call(NbdClient.Read, 0, 4096).Error);
    }

    private static List<(uint Length, uint Flags)> Dirty(NbdClient client) =>
        client.Call(NbdClient.BlockStatus, 0, Blocks * Block.Size).Extents["kiln:dirty"];

    private NbdClient Connect(params string[] contexts) => new(Socket, "disk", contexts);
}
