using System.Security.Cryptography;
using System.Text;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;

namespace Kiln.Tests.Blocks;

/// <summary>Blocks, keys and stores that tests need again and again; everything follows from a seed.</summary>
public static class Some
{
    public static readonly BlockStoreOptions Small = new() { SegmentBytes = 4 << 20, Writers = 2 };

    public static BlockStore Store(string directory) => BlockStore.Open(directory, Small, TimeProvider.System);

    /// <summary>A block whose frames are, by turns of the seed, text, noise, zeros or a mixture.</summary>
    public static byte[] Block(int seed)
    {
        var random = new Random(seed);
        var block = new byte[Kiln.Blocks.Block.Size];
        for (var frame = 0; frame < Kiln.Blocks.Block.Frames; frame++)
        {
            var part = block.AsSpan(frame * Kiln.Blocks.Block.FrameSize, Kiln.Blocks.Block.FrameSize);
            switch (random.Next(4))
            {
                case 0: random.NextBytes(part); break;
                case 1: break;
                case 2: Fill(part, $"line {seed} of frame {frame}\n"); break;
                default:
                    random.NextBytes(part[..(part.Length / 3)]);
                    Fill(part[(part.Length / 3)..], $"mixed {seed}");
                    break;
            }
        }

        BitConverter.TryWriteBytes(block, seed + 1);
        return block;
    }

    public static KeyDomain Domain(string id = "key-1") => new(
        id, SHA256.HashData(Encoding.UTF8.GetBytes("key " + id)),
        SHA256.HashData(Encoding.UTF8.GetBytes("salt " + id)));

    private static void Fill(Span<byte> part, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var i = 0; i < part.Length; i++) part[i] = bytes[i % bytes.Length];
    }
}
