using System.Globalization;
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

    /// <summary>A server that says nothing for so long has gone.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(1);

    // A time tells a file apart from what it was before only from the next second on. RFC 9110, 8.8.2.2.
    private static readonly TimeSpan TimeIsStrongAfter = TimeSpan.FromSeconds(1);

    /// <summary>Downloads.</summary>
    /// <param name="address">http or https.</param>
    /// <param name="folder">Where the file goes, and where one is looked for, whole or in part.</param>
    /// <param name="cancel">Gives up; what is there is kept for the next time.</param>
    /// <returns>The file, which stays until <see cref="Forget"/>.</returns>
    /// <exception cref="CliException">It cannot be had, or is too large.</exception>
    public async Task<string> Download(Uri address, string folder, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address.AbsoluteUri)))[..16];
        var part = Path.Combine(folder, name + ".part");
        using var http = new HttpClient(new SocketsHttpHandler
        {
            MaxAutomaticRedirections = RedirectsMax, ConnectTimeout = TimeSpan.FromSeconds(30),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        silence.CancelAfter(SilenceMax);
        try
        {
            var answer = await Ask(http, address, part, silence.Token);
            if (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                var whole = answer.Content.Headers.ContentRange?.Length;
                answer.Dispose();
                if (whole == new FileInfo(part).Length)
                    return part;
                Forget(part);
                answer = await Ask(http, address, part, silence.Token);
            }
            using (answer)
            {
                if (!answer.IsSuccessStatusCode)
                    throw new CliException($"{address} answers {(int)answer.StatusCode} {answer.ReasonPhrase}.");
                await Save(address, answer, part, silence);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new CliException($"{address} says nothing any more. {Next(part)}");
        }
        // A server may lead to an address that none asks for: to a file, say.
        catch (Exception failure) when (failure is HttpRequestException or UriFormatException or NotSupportedException)
        {
            throw new CliException($"{address} cannot be downloaded: {failure.Message}");
        }
        return part;
    }

    /// <summary>Deletes a file that was downloaded.</summary>
    public static void Forget(string file)
    {
        File.Delete(file);
        File.Delete(Tag(file));
    }

    private static string Tag(string part) => part + ".etag";

    // What is there is gone on with only if the server says that the file is still the same.
    private static async Task<HttpResponseMessage> Ask(
        HttpClient http, Uri address, string part, CancellationToken cancel)
    {
        using var ask = new HttpRequestMessage(HttpMethod.Get, address);
        var there = File.Exists(part) ? new FileInfo(part).Length : 0;
        if (there > 0 && Condition(part) is { } same)
        {
            ask.Headers.Range = new RangeHeaderValue(there, null);
            ask.Headers.IfRange = same;
        }
        return await http.SendAsync(ask, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    private static RangeConditionHeaderValue? Condition(string part) => File.Exists(Tag(part))
        && RangeConditionHeaderValue.TryParse(File.ReadAllText(Tag(part)), out var same) ? same : null;

    // A weak tag, or a time that may still be that of another file, is none.
    private static string? Same(HttpResponseMessage answer) => answer switch
    {
        { Headers.ETag: { IsWeak: false } tag } => tag.ToString(),
        { Headers.Date: { } now, Content.Headers.LastModified: { } modified } when now - modified >= TimeIsStrongAfter
            => modified.ToString("r", CultureInfo.InvariantCulture),
        _ => null,
    };

    private static string Next(string part) => Condition(part) is null
        ? "The same command begins anew: the server does not tell whether the file is still the same."
        : "The same command goes on from there.";

    private async Task Save(Uri address, HttpResponseMessage answer, string part, CancellationTokenSource silence)
    {
        var goesOn = answer.StatusCode == HttpStatusCode.PartialContent;
        await using var file = new FileStream(part, goesOn ? FileMode.Append : FileMode.Create, FileAccess.Write);
        if (goesOn && answer.Content.Headers.ContentRange?.From != file.Length)
            throw new CliException($"{address} answers with another part of the file than it was asked for.");
        if (!goesOn)
        {
            File.Delete(Tag(part));
            if (Same(answer) is { } same)
                await File.WriteAllTextAsync(Tag(part), same, silence.Token);
        }
        var total = answer.Content.Headers.ContentLength + file.Length ?? 0;
        if (total > BytesMax)
            throw TooLarge();
        var meter = new Meter(screen, "Downloading", time);
        meter.Add(file.Length, 0);
        await meter.Run(total, async () =>
        {
            await using var body = await answer.Content.ReadAsStreamAsync(silence.Token);
            var buffer = new byte[1 << 18];
            for (int read; (read = await Read(body, buffer, part, silence)) > 0;)
            {
                if (file.Length + read > BytesMax)
                    throw TooLarge();
                await file.WriteAsync(buffer.AsMemory(0, read), silence.Token);
                meter.Add(read, read);
            }
        });
    }

    private static async Task<int> Read(Stream body, byte[] buffer, string part, CancellationTokenSource silence)
    {
        silence.CancelAfter(SilenceMax);
        try
        {
            return await body.ReadAsync(buffer, silence.Token);
        }
        catch (IOException)
        {
            throw new CliException($"The connection broke off. {Next(part)}");
        }
    }

    private static CliException TooLarge() => new($"The file has more than {BytesMax >> 30} GiB.");
}
