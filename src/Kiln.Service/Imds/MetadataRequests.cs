using System.Globalization;
using System.Text;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Persistence;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Imds;

/// <summary>Answers a guest's requests: tokens, refusals, and the tree.</summary>
/// <remarks>
/// The guest is the connection's; nothing in a request says who asks. Rows are read for every request, so that changed
/// options, tags and profiles hold at once.
/// </remarks>
public sealed partial class MetadataRequests(
    IServiceScopeFactory scopes, MetadataTokens tokens, RoleCredentials credentials, InstanceIdentity identity,
    GuestPulse pulse, ILogger<MetadataRequests> log) : IHttpApplication<HttpContext>
{
    private const string TokenPath = "/latest/api/token";
    private const string TokenHeader = "X-aws-ec2-metadata-token";
    private const string SecondsHeader = "X-aws-ec2-metadata-token-ttl-seconds";
    private const string Text = "text/plain";

    /// <inheritdoc/>
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    /// <inheritdoc/>
    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    /// <summary>Forgets what was kept for an instance.</summary>
    public void Forget(string instanceId) => credentials.Forget(instanceId);

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(HttpContext context)
    {
        var peer = context.Features.GetRequiredFeature<GuestPeer>();
        var gone = context.RequestAborted;
        try
        {
            context.Response.Headers.Server = "EC2ws";
            await peer.Turns.WaitAsync(gone);
            try
            {
                await Answer(context, peer, gone);
            }
            finally
            {
                peer.Turns.Release();
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            LogFailed(failure, peer.InstanceId);
            await Refuse(context, 500, "Internal Server Error");
        }
    }

    private async Task Answer(HttpContext http, GuestPeer peer, CancellationToken cancel)
    {
        // Whoever asks has a network that works: an instance status check.
        pulse.Heard(peer.InstanceId);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var facts = await MetadataFacts.Load(db, peer.InstanceId, cancel);
        if (facts?.Instance.State is null or InstanceState.Terminated)
        {
            await Refuse(http, 404, "Not Found");
            return;
        }
        var options = facts.Instance.MetadataOptions;
        if (options.HttpEndpoint == "disabled")
        {
            await Refuse(http, 403, "Forbidden");
            return;
        }
        var path = http.Request.Path.Value ?? "/";
        if (path == TokenPath)
        {
            await AnswerToken(http, peer, options);
            return;
        }
        peer.LimitHops(null);
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            http.Response.Headers.Allow = "GET, HEAD";
            await Refuse(http, 405, "Method Not Allowed");
            return;
        }
        var token = http.Request.Headers[TokenHeader].ToString();
        if (token.Length > 0 ? !tokens.Holds(peer.InstanceId, token) : options.HttpTokens == "required")
        {
            await Refuse(http, 401, "Unauthorized");
            return;
        }
        var leaf = MetadataTree.Of(facts, credentials, identity).Find(path);
        if (leaf is null || await leaf.Read(cancel) is not { } body)
            await Refuse(http, 404, "Not Found");
        else
            await Write(http, 200, leaf.ContentType, body);
    }

    private async Task AnswerToken(HttpContext http, GuestPeer peer, MetadataOptions options)
    {
        if (!HttpMethods.IsPut(http.Request.Method))
        {
            http.Response.Headers.Allow = "OPTIONS, PUT";
            await Refuse(http, 405, "Method Not Allowed");
            return;
        }
        // A request that came through a proxy is not the instance's own: the point of IMDSv2.
        if (http.Request.Headers.ContainsKey("X-Forwarded-For"))
        {
            await Refuse(http, 403, "Forbidden");
            return;
        }
        if (!MetadataTokens.TryParseSeconds(http.Request.Headers[SecondsHeader], out var seconds))
        {
            await Refuse(http, 400, "Bad Request");
            return;
        }
        peer.LimitHops(options.HttpPutResponseHopLimit);
        http.Response.Headers[SecondsHeader] = seconds.ToString(CultureInfo.InvariantCulture);
        await Write(http, 200, Text, Encoding.ASCII.GetBytes(tokens.New(peer.InstanceId, seconds)));
    }

    private static Task Refuse(HttpContext http, int status, string title) => Write(http, status, "text/html",
        Encoding.ASCII.GetBytes(
            $"""
            <?xml version="1.0" encoding="iso-8859-1"?>
            <!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
             "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
            <html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
             <head>
              <title>{status} - {title}</title>
             </head>
             <body>
              <h1>{status} - {title}</h1>
             </body>
            </html>

            """));

    private static async Task Write(HttpContext http, int status, string type, ReadOnlyMemory<byte> body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A metadata request of {InstanceId} failed")]
    private partial void LogFailed(Exception failure, string instanceId);
}
