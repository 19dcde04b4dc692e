using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Kiln.Cli.Snapshots;
using Kiln.Tests.Blocks;
using ZstdNet;

namespace Kiln.Tests.Cli;

/// <summary>What <c>kiln snapshot download</c> believes of an answer: nothing that it has not checked.</summary>
public sealed class BlockReaderTests
{
    private readonly byte[] _block = new byte[RawImage.BlockSize];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_does_not_know_the_preference_sends_one_block()
    {
        var block = Some.Block(1);
        using var reader = new BlockReader(_block);
        Assert.Equal(1, await reader.Begin(Plain(block, SHA256.HashData(block)), Cancel));
        Assert.Equal(SHA256.HashData(block), await reader.Next(3, Cancel));
        Assert.Equal(block, _block);

        await reader.Begin(Plain(block, new byte[32]), Cancel);
        Assert.Null(await reader.Next(3, Cancel));
        await reader.Begin(Plain(block[1..], SHA256.HashData(block)), Cancel);
        await Assert.ThrowsAsync<EndOfStreamException>(() => reader.Next(3, Cancel));
    }

    [Fact]
    public async Task A_run_of_packed_plain_and_empty_blocks_is_read_in_order()
    {
        var (text, noise, zeros) = (Some.Block(2), new byte[_block.Length], new byte[_block.Length]);
        new Random(1).NextBytes(noise);
        using var reader = new BlockReader(_block);
        Assert.Equal(3, await reader.Begin(Run(3, Entry(4, text), Entry(5, noise), Entry(9, zeros)), Cancel));
        foreach (var (index, block) in new[] { (4, text), (5, noise), (9, zeros) })
        {
            Assert.Equal(SHA256.HashData(block), await reader.Next(index, Cancel));
            Assert.Equal(block, _block);
        }
    }

    [Fact]
    public async Task A_run_that_is_another_or_none_is_refused()
    {
        var entry = Entry(4, Some.Block(2));
        using var reader = new BlockReader(_block);
        foreach (var count in new[] { "0", "-1", "x", "", "99999999999" })
        {
            using var answer = Run(1, entry);
            answer.Headers.Remove("Preference-Applied");
            answer.Headers.TryAddWithoutValidation("Preference-Applied", $"kiln-blocks={count}");
            await Assert.ThrowsAsync<IOException>(() => reader.Begin(answer, Cancel));
        }

        await reader.Begin(Run(1, entry), Cancel);
        await Assert.ThrowsAsync<IOException>(() => reader.Next(5, Cancel));
        foreach (var length in new[] { -1, int.MinValue, _block.Length + 1, int.MaxValue })
        {
            BitConverter.TryWriteBytes(entry.AsSpan(4), length);
            await reader.Begin(Run(1, entry), Cancel);
            await Assert.ThrowsAsync<IOException>(() => reader.Next(4, Cancel));
        }
    }

    [Fact]
    public async Task No_change_of_a_run_is_taken_for_the_block()
    {
        var block = Some.Block(6);
        var entry = Entry(0, block);
        var random = new Random(26);
        using var reader = new BlockReader(_block);
        for (var round = 0; round < 300; round++)
        {
            var turned = entry[..(random.Next(3) == 0 ? random.Next(entry.Length) : entry.Length)];
            var at = random.Next(random.Next(2) == 0 ? 60 : entry.Length);
            if (turned.Length == entry.Length)
                turned[at] ^= (byte)(1 << random.Next(8));
            await reader.Begin(Run(1, turned), Cancel);
            byte[]? digest = null;
            try
            {
                digest = await reader.Next(0, Cancel);
            }
            catch (IOException)
            {
                // Cut off, or of another place.
            }
            if (digest is not null)
                Assert.Equal(block, _block);
        }
    }

    private static HttpResponseMessage Plain(byte[] body, byte[] digest)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(body) };
        answer.Headers.Add("x-amz-checksum", Convert.ToBase64String(digest));
        return answer;
    }

    private static HttpResponseMessage Run(int count, params byte[][] entries)
    {
        var body = new ByteArrayContent([.. entries.SelectMany(e => e)]);
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = body };
        answer.Headers.Add("Preference-Applied", string.Create(CultureInfo.InvariantCulture, $"kiln-blocks={count}"));
        return answer;
    }

    private static byte[] Entry(int index, byte[] block)
    {
        using var compressor = new Compressor();
        var packed = compressor.Wrap(block);
        var bytes = !block.AsSpan().ContainsAnyExcept((byte)0) ? [] : packed.Length < block.Length ? packed : block;
        return
        [
            .. BitConverter.GetBytes(index), .. BitConverter.GetBytes(bytes.Length),
            .. SHA256.HashData(block), .. bytes,
        ];
    }
}
