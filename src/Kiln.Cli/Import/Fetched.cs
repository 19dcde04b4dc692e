using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Kiln.Cli.Output;

namespace Kiln.Cli.Import;

/// <summary>Downloads an image into a folder, and goes on where an earlier try stopped.</summary>
internal sealed class Fetched(Screen screen, TimeProvider time)
{
    /// <summary>The largest file: published cloud images have a few GiB.</summary>
    public const long BytesMax = 64L << 30;

    private const int RedirectsMax = 10;

    /// <summary>Downloads.</summary>
    /// <param name="address">http or https.</param>
    /// <param name="folder">Where the file goes, and where half of one is looked for.</param>
    /// <param name="cancel">Gives up; what is there is kept for the next time.</param>
    /// <returns>The file.</returns>
    /// <exception cref="CliException">It cannot be had, or is too large.</exception>
    public async Task<string> Download(Uri address, string folder, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address.AbsoluteUri)))[..16];
        var part = Path.Combine(folder, name + ".part");
        var tag = part + ".etag";
        using var http = new HttpClient(new SocketsHttpHandler
        {
            MaxAutomaticRedirections = RedirectsMax, ConnectTimeout = TimeSpan.FromSeconds(30),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            using var answer = await Ask(http, address, part, tag, cancel);
            if (!answer.IsSuccessStatusCode)
                throw new CliException($"{address} answers {(int)answer.StatusCode} {answer.ReasonPhrase}.");
            await Save(answer, part, tag, cancel);
        }
        catch (HttpRequestException failure)
        {
            throw new CliException($"{address} cannot be downloaded: {failure.Message}");
        }
        var file = Path.Combine(folder, name);
        File.Move(part, file, overwrite: true);
        File.Delete(tag);
        return file;
    }

    // What is there is gone on with only if the server says that the file is still the same.
    private static async Task<HttpResponseMessage> Ask(
        HttpClient http, Uri address, string part, string tag, CancellationToken cancel)
    {
        using var ask = new HttpRequestMessage(HttpMethod.Get, address);
        var there = File.Exists(part) ? new FileInfo(part).Length : 0;
        if (there > 0 && File.Exists(tag) && EntityTagHeaderValue.TryParse(
            await File.ReadAllTextAsync(tag, cancel), out var known) && !known.IsWeak)
        {
            ask.Headers.Range = new RangeHeaderValue(there, null);
            ask.Headers.IfRange = new RangeConditionHeaderValue(known);
        }
        return await http.SendAsync(ask, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    private async Task Save(HttpResponseMessage answer, string part, string tag, CancellationToken cancel)
    {
        var goesOn = answer.StatusCode == HttpStatusCode.PartialContent;
        await using var file = new FileStream(part, goesOn ? FileMode.Append : FileMode.Create, FileAccess.Write);
        var total = answer.Content.Headers.ContentLength + file.Length ?? 0;
        if (total > BytesMax)
            throw TooLarge();
        if (answer.Headers.ETag is { } etag)
            await File.WriteAllTextAsync(tag, etag.ToString(), cancel);
        var meter = new Meter(screen, "Downloading", time);
        meter.Add(file.Length, 0);
        await meter.Run(total, async () =>
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancel);
            var buffer = new byte[1 << 18];
            for (int read; (read = await body.ReadAsync(buffer, cancel)) > 0;)
            {
                if (file.Length + read > BytesMax)
                    throw TooLarge();
                await file.WriteAsync(buffer.AsMemory(0, read), cancel);
                meter.Add(read, read);
            }
        });
        if (total > 0 && file.Length != total)
            throw new CliException("The connection broke off; the same command goes on from there.");
    }

    private static CliException TooLarge() => new($"The file has more than {BytesMax >> 30} GiB.");
}
