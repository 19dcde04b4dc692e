using System.Net;
using System.Text;
using System.Xml.Linq;
using Kiln.Protocol.Signing;

namespace Kiln.Tests.Fixtures;

/// <summary>Signs and posts query-protocol calls, for services whose SDK the tests do without.</summary>
public sealed class QueryClient(
    string url, string service, string version, string key, string secret, string? token = null)
{
    private static readonly HttpClient Http = new();

    /// <summary>The Region of the signature's scope.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Calls an operation; the answer's elements have no namespace.</summary>
    public async Task<(HttpStatusCode Status, XElement Body)> Call(
        string action, params (string Name, string Value)[] parameters)
    {
        var form = string.Join('&', parameters.Prepend(("Version", version)).Prepend(("Action", action))
            .Select(p => $"{Uri.EscapeDataString(p.Item1)}={Uri.EscapeDataString(p.Item2)}"));
        var body = Encoding.UTF8.GetBytes(form);
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(body)
            {
                Headers = { ContentType = new("application/x-www-form-urlencoded") { CharSet = "utf-8" } },
            },
        };
        new Signer(key, secret, token, Region, service).Sign(request, body, TimeProvider.System.GetUtcNow());
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        var xml = XElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        xml.Attributes().Remove();
        foreach (var element in xml.DescendantsAndSelf())
            element.Name = element.Name.LocalName;
        return (response.StatusCode, xml);
    }

    /// <summary>Calls an operation that has to succeed.</summary>
    public async Task<XElement> Ok(string action, params (string Name, string Value)[] parameters)
    {
        var (status, body) = await Call(action, parameters);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return body;
    }

    /// <summary>Calls an operation that has to be refused; answers the error's code.</summary>
    public async Task<string> Refused(string action, params (string Name, string Value)[] parameters)
    {
        var (status, body) = await Call(action, parameters);
        Assert.True((int)status is >= 400 and < 500, body.ToString());
        return body.Descendants("Code").Single().Value;
    }
}
