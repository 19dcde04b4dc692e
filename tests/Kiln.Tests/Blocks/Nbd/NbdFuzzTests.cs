using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Kiln.Blocks;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Nbd;

namespace Kiln.Tests.Blocks.Nbd;

/// <summary>Conversations that went right, mutated by a seed: the server must end each, keep its memory, and serve the
/// client beside them as if nothing were.</summary>
public sealed class NbdFuzzTests : IDisposable
{
    // More on demand, or from a seed that failed: KILN_TEST_FUZZ=100000, KILN_TEST_FUZZ_FROM=496.
    private static readonly int Rounds = Number("KILN_TEST_FUZZ", 1500);
    private static readonly int From = Number("KILN_TEST_FUZZ_FROM", 0);

    private const int Size = 8 << 20;
    private readonly TempFolder folder = new();
    private readonly BlockStore store;
    private readonly VolumeDevice volume;
    private readonly VolumeDevice other;
    private readonly NbdServer server;

    public NbdFuzzTests()
    {
        store = Some.Store(folder.Sub("blocks"));
        volume = Make("a");
        other = Make("b");
        server = new NbdServer(
            name => name switch { "a" => volume, "b" => other, _ => null }, () => ["a", "b"], TimeProvider.System);
        server.ListenUnix(folder.Sub("nbd.sock"));
    }

    public void Dispose()
    {
        server.Dispose();
        volume.Dispose();
        other.Dispose();
        store.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Mutated_conversations_end_and_disturb_nobody()
    {
        var content = new byte[Size];
        new Random(1).NextBytes(content);
        other.Write(0, content);
        using var witness = new NbdClient(folder.Sub("nbd.sock"), "b");
        for (var seed = From; seed < From + Rounds; seed++)
        {
            try
            {
                Converse(Mutate(new Random(seed), Conversation(new Random(seed / 8))));
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}: {e}");
            }

            if (seed % 50 != 0) continue;
            var at = seed * 4096L % (Size - 65536);
            Assert.Equal(
                content.AsSpan((int)at, 65536), witness.Call(NbdClient.Read, at, 65536).Data.AsSpan());
            using var process = System.Diagnostics.Process.GetCurrentProcess();
            Assert.InRange(process.WorkingSet64, 0, 3L << 30);
        }

        var all = new byte[Size];
        other.Read(0, all);
        Assert.Equal(content, all);
    }

    private static int Number(string variable, int usual) => int.TryParse(
        Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : usual;

    private VolumeDevice Make(string name) =>
        VolumeDevice.Create(folder.Sub(name), Size, null, store, _ => null!, TimeProvider.System);

    // Sends all and reads to the end; the server closes when it has had enough, or when it sees that we have. Two
    // threads: a server whose replies nobody takes rightly stops taking requests.
    private void Converse(byte[] bytes)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(folder.Sub("nbd.sock")));
        var sender = Start(() =>
        {
            for (var sent = 0; sent < bytes.Length;) sent += socket.Send(bytes.AsSpan(sent));
            socket.Shutdown(SocketShutdown.Send);
        });
        var reader = Start(() =>
        {
            var sink = new byte[65536];
            while (socket.Receive(sink) > 0)
            {
                // Whatever it says, it must come to an end.
            }
        });
        Assert.True(reader.Join(TimeSpan.FromSeconds(30)), "the server has no end");
        Assert.True(sender.Join(TimeSpan.FromSeconds(30)), "the server takes no more and stays");
    }

    private static Thread Start(Action part)
    {
        var thread = new Thread(() =>
        {
            try
            {
                part();
            }
            catch (SocketException)
            {
                // Dropped: as it should be.
            }
        })
        { IsBackground = true };
        thread.Start();
        return thread;
    }

    // A greeting, options in any order, and commands of every kind with payloads.
    private static List<byte[]> Conversation(Random random)
    {
        var parts = new List<byte[]> { new byte[] { 0, 0, 0, 3 } };
        byte[] name = [0, 0, 0, 1, (byte)'a'];
        byte[][] contexts =
            [[0, 0, 0, 15, .. "base:allocation"u8], [0, 0, 0, 10, .. "kiln:dirty"u8], [0, 0, 0, 5, .. "base:"u8]];
        if (random.Next(4) != 0) parts.Add(Option(8, []));
        for (var i = random.Next(4); i > 0; i--)
        {
            parts.Add(random.Next(5) switch
            {
                0 => Option(3, []),
                1 => Option(6, [.. name, 0, 1, 0, 3]),
                2 => Option(9, [.. name, 0, 0, 0, 1, .. contexts[random.Next(3)]]),
                3 => Option(10, [.. name, 0, 0, 0, 2, .. contexts[0], .. contexts[1]]),
                _ => Option((uint)random.Next(14), [.. name, 0, 0]),
            });
        }

        parts.Add(random.Next(3) == 0 ? Option(1, [(byte)'a']) : Option(7, [.. name, 0, 0]));
        for (var i = random.Next(12); i > 0; i--)
        {
            var type = (ushort)random.Next(9);
            var length = (uint)random.Next(1, 200) * 512;
            var payload = type == 1 ? new byte[length] : [];
            random.NextBytes(payload);
            parts.Add(Request((ushort)(random.Next(4) == 0 ? random.Next(32) : 0), type, random.Next(Size / 512) * 512L,
                type == 3 ? 0 : length, payload));
        }

        return parts;
    }

    private static byte[] Option(uint option, byte[] data)
    {
        var bytes = new byte[16 + data.Length];
        "IHAVEOPT"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), option);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), data.Length);
        data.CopyTo(bytes, 16);
        return bytes;
    }

    private static byte[] Request(ushort flags, ushort type, long offset, uint length, byte[] payload)
    {
        var bytes = new byte[28 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x25609513);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), flags);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), type);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(24), length);
        payload.CopyTo(bytes, 28);
        return bytes;
    }

    // Bits flipped where headers are, numbers made extreme, parts dropped, doubled, cut short or put elsewhere.
    private static byte[] Mutate(Random random, List<byte[]> parts)
    {
        for (var i = random.Next(4); i > 0; i--)
        {
            var at = random.Next(parts.Count);
            switch (random.Next(6))
            {
                case 0: parts.RemoveAt(at); break;
                case 1: parts.Insert(random.Next(parts.Count), parts[at]); break;
                case 2: parts[at] = parts[at][..random.Next(parts[at].Length + 1)]; break;
                case 3:
                    byte[] flipped = [.. parts[at]];
                    var limit = Math.Min(flipped.Length, 40);
                    if (limit > 0) flipped[random.Next(limit)] ^= (byte)(1 << random.Next(8));
                    parts[at] = flipped;
                    break;
                case 4:
                    byte[] extreme = [.. parts[at]];
                    var field = random.Next(Math.Min(Math.Max(extreme.Length - 3, 1), 28));
                    if (extreme.Length >= 4) extreme.AsSpan(field, 4).Fill((byte)(random.Next(2) * 255));
                    parts[at] = extreme;
                    break;
                default:
                    var noise = new byte[random.Next(600)];
                    random.NextBytes(noise);
                    parts.Insert(at, noise);
                    break;
            }

            if (parts.Count == 0) return [];
        }

        return [.. parts.SelectMany(p => p)];
    }
}
