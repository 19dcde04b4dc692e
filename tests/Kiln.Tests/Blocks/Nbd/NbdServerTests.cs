using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Nbd;

namespace Kiln.Tests.Blocks.Nbd;

/// <summary>The server before the tools that people use; a tool that is not installed is a skip that says so.</summary>
public sealed class NbdServerTests : IDisposable
{
    private const int Size = 24 << 20;
    private readonly TempFolder folder = new();
    private readonly BlockStore store;
    private readonly VolumeDevice volume;
    private readonly NbdServer server;
    private readonly string uri;

    public NbdServerTests()
    {
        store = Some.Store(folder.Sub("blocks"));
        using var builder = store.BuildManifest(Size / Block.Size, null);
        for (var i = 0; i < 10; i++) builder.Put(i * 3, Some.Block(i));
        var id = builder.Commit();
        volume = VolumeDevice.Create(folder.Sub("vol"), Size, id, store, _ => null!, TimeProvider.System);
        volume.Write(Block.Size + 512, Some.Block(99).AsSpan(0, 5120));
        volume.Trim(3 * Block.Size, 8192);
        server = new NbdServer(name => name == "disk" ? volume : null, () => ["disk"], TimeProvider.System);
        server.ListenUnix(folder.Sub("nbd.sock"));
        uri = $"nbd+unix:///disk?socket={folder.Sub("nbd.sock")}";
    }

    public void Dispose()
    {
        server.Dispose();
        volume.Dispose();
        store.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Nbdinfo_sees_the_export_and_its_contexts()
    {
        var text = Run("nbdinfo", uri);
        Assert.Contains("export-size: 25165824", text, StringComparison.Ordinal);
        Assert.Contains("base:allocation", text, StringComparison.Ordinal);
        Assert.Contains("can_multi_conn: true", text, StringComparison.Ordinal);
        Assert.Contains("disk", Run("nbdinfo", "--list", uri), StringComparison.Ordinal);
        Assert.Contains("hole,zero", Run("nbdinfo", "--map", uri), StringComparison.Ordinal);
    }

    [Fact]
    public void Nbdcopy_and_qemu_img_read_what_the_volume_holds()
    {
        var all = new byte[Size];
        volume.Read(0, all);
        Run("nbdcopy", uri, folder.Sub("a.raw"));
        Assert.Equal(SHA256.HashData(all), SHA256.HashData(File.ReadAllBytes(folder.Sub("a.raw"))));
        Run("qemu-img", "convert", "-O", "raw", uri, folder.Sub("b.raw"));
        Assert.Equal(SHA256.HashData(all), SHA256.HashData(File.ReadAllBytes(folder.Sub("b.raw"))));
    }

    [Fact]
    public void Nbdcopy_writes_and_the_volume_holds_it()
    {
        var image = new byte[Size];
        for (var i = 0; i < 20; i++) Some.Block(i + 500).CopyTo(image, i * Block.Size);
        File.WriteAllBytes(folder.Sub("in.raw"), image);
        Run("nbdcopy", "--flush", folder.Sub("in.raw"), uri);
        var all = new byte[Size];
        volume.Read(0, all);
        Assert.True(all.AsSpan().SequenceEqual(image));
    }

    [Fact]
    public void Qemu_io_writes_zeroes_discards_and_flushes()
    {
        Run(
            "qemu-io", "-f", "raw", "-c", "write -P 0xab 1M 2M", "-c", "write -z 1M 64k", "-c", "discard 2M 64k",
            "-c", "write -f -P 0xcd 512 512", "-c", "flush", "-c", "read -P 0xcd 512 512", "-c", "read -P 0 1M 64k",
            "-c", "read -P 0xab 1600k 64k", uri);
        var part = new byte[512];
        volume.Read(512, part);
        Assert.False(part.AsSpan().ContainsAnyExcept((byte)0xCD));
        volume.Read(2 << 20, part);
        Assert.True(Block.IsZero(part));
    }

    [Fact]
    public void Hostile_bytes_end_the_connection_and_nothing_else()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.ReceiveTimeout = 10_000;
            socket.Connect(new UnixDomainSocketEndPoint(folder.Sub("nbd.sock")));
            try
            {
                socket.Send(Hostile(random, round));
                socket.Shutdown(SocketShutdown.Send);
                var sink = new byte[65536];
                while (socket.Receive(sink) > 0)
                {
                    // Whatever it says, it must come to an end.
                }
            }
            catch (SocketException e) when (e.SocketErrorCode != SocketError.TimedOut)
            {
                // Dropped while we wrote: as it should be.
            }
        }

        var after = new byte[512];
        using var client = new RawNbdClient(folder.Sub("nbd.sock"), "disk");
        client.Read(0, after);
        var expected = new byte[512];
        volume.Read(0, expected);
        Assert.Equal(expected, after);
    }

    [Fact]
    public void Stop_drops_connections_without_an_error_reply()
    {
        using var client = new RawNbdClient(folder.Sub("nbd.sock"), "disk");
        client.Read(0, new byte[512]);
        server.Dispose();
        Assert.Throws<EndOfStreamException>(() => client.Read(0, new byte[512]));
        Assert.Equal(0, server.Connections);
    }

    [Theory]
    [InlineData(0, 100u, 22u)]
    [InlineData(Size, 512u, 22u)]
    [InlineData(Size - 512, 1024u, 22u)]
    [InlineData(0, 0u, 22u)]
    [InlineData(0, 64u << 20, 22u)]
    public void Impossible_reads_are_refused_by_number(long offset, uint length, uint error)
    {
        using var client = new RawNbdClient(folder.Sub("nbd.sock"), "disk");
        Assert.Equal(error, client.Request(0, offset, length));
        client.Read(0, new byte[512]);
    }

    // Greetings that start well and go wrong somewhere; options with lying lengths; requests of noise.
    private static byte[] Hostile(Random random, int round)
    {
        var bytes = new List<byte>();
        if (round % 8 != 0) bytes.AddRange([0, 0, 0, (byte)(random.Next(4) == 0 ? random.Next(256) : 3)]);
        for (var i = 0; i < random.Next(5); i++)
        {
            bytes.AddRange("IHAVEOPT"u8);
            bytes.AddRange([0, 0, 0, (byte)random.Next(12)]);
            var data = new byte[random.Next(64)];
            random.NextBytes(data);
            if (data.Length > 8) data.AsSpan(0, 3).Clear();
            var length = random.Next(5) == 0 ? random.Next() : data.Length;
            bytes.AddRange([(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
            bytes.AddRange(data);
        }

        if (round % 2 == 0)
        {
            bytes.AddRange([.. "IHAVEOPT"u8, 0, 0, 0, 1, 0, 0, 0, 4, .. "disk"u8]);
            for (var i = 0; i < 20; i++)
            {
                var request = new byte[28];
                random.NextBytes(request);
                new byte[] { 0x25, 0x60, 0x95, 0x13, 0, 0, 0, (byte)random.Next(9) }.CopyTo(request, 0);
                if (random.Next(2) == 0) request.AsSpan(16, 5).Clear();
                if (random.Next(2) == 0) request.AsSpan(24, 2).Clear();
                bytes.AddRange(request);
            }
        }

        return [.. bytes];
    }

    private static string Run(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{tool} is not installed.");
            return "";
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync();
            var text = process.StandardOutput.ReadToEnd();
            Assert.True(process.WaitForExit(60_000), $"{tool} hangs");
            Assert.True(process.ExitCode == 0, $"{tool}: {text}{errors.Result}");
            return text;
        }
    }
}
