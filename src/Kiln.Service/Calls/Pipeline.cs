using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Signing;
using Kiln.Service.Accounts;
using Kiln.Service.Ebs;
using Kiln.Service.Iam;
using Kiln.Service.Metrics;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Calls;

/// <summary>The life of a request between the socket and its operation.</summary>
/// <remarks>
/// (1) find service and codec by the signature's scope; (2) verify the signature; (3) find the operation and parse
/// by shape, which checks every limit; (4) replay an answer that this client token got before; (5) handle, again if
/// somebody else changed the same rows; (6) write the answer or the error. docs/life-of-a-request.md walks through it.
/// </remarks>
public sealed partial class Pipeline(
    OperationTable table, Credentials credentials, IServiceScopeFactory scopes, DomainClock clock,
    ServiceOptions options, ServiceMetrics metrics, ILogger<Pipeline> log) : IDisposable
{
    /// <summary>How often an operation is run when others keep changing its rows: each loss means another call
    /// won.</summary>
    public const int AttemptsMax = 8;

    private readonly HashSet<string> _regions = [.. options.RegionList];

    private readonly Turns _turns = new();

    /// <summary>Answers a request. Never throws, but for a client that has gone.</summary>
    public async Task<WireResponse> Answer(WireRequest request, string sourceAddress, CancellationToken cancel)
    {
        var requestId = Ids.Uuid();
        var service = table.Service("ec2")!;
        var began = clock.GetTimestamp();
        string? known = null, name = null, code = null;
        try
        {
            var claim = ReadClaim(request, ref service);
            known = service.Name;
            var verified = await Verify(claim, request, service, cancel);
            if (service.Regional && !_regions.Contains(claim.Region))
                throw UnknownRegion(service, claim.Region);
            var operation = Find(verified.Request, service);
            name = operation.Shape.Name;
            var input = service.Codec.Read(verified.Request, operation.Shape);
            return await Run(service, operation, input, new Call
            {
                Caller = verified.Caller,
                Region = service.RegionOf(claim.Region),
                Service = service.Name,
                Operation = operation.Shape.Name,
                RequestId = requestId,
                DryRun = operation.DryRun(input),
                SourceAddress = sourceAddress,
                Prefer = request.Header("prefer"),
                BodySha256 = verified.BodySha256,
            }, cancel);
        }
        catch (AwsException refusal)
        {
            code = refusal.Code;
            return service.Codec.WriteError(refusal, requestId);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            code = "gone";
            throw;
        }
        catch (Exception unstorable) when (DbErrors.IsUnstorableText(unstorable))
        {
            var refusal = UnstorableText(service);
            code = refusal.Code;
            return service.Codec.WriteError(refusal, requestId);
        }
        catch (Exception refused) when (DbErrors.DiskObstacle(refused) is not null)
        {
            return service.Codec.WriteError(new AwsException("ServiceUnavailable", 503,
                $"{DbErrors.DiskObstacle(refused)} Nothing is lost, and no restart is needed: "
                + "make room, and try again."), requestId);
        }
        catch (Exception bug)
        {
            code = "InternalError";
            LogFailed(bug, requestId);
            return service.Codec.WriteError(new AwsException("InternalError", 500,
                $"An internal error has occurred; the service's log has it under request id {requestId}."), requestId);
        }
        finally
        {
            metrics.Answered(known, name, code, began);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turns.Dispose();

    /// <summary>The refusal of a request that nobody known has signed, as far as its head tells; else null. A body of
    /// such is not worth memory that is scarce.</summary>
    /// <param name="head">Without its body.</param>
    /// <param name="cancel">Ends the look-up when the client has gone.</param>
    public async Task<WireResponse?> RefuseStranger(WireRequest head, CancellationToken cancel)
    {
        var began = clock.GetTimestamp();
        var service = table.Service("ec2")!;
        AwsException refusal;
        try
        {
            var claim = ReadClaim(head, ref service);
            var credential = await credentials.Find(claim.AccessKeyId, cancel)
                ?? throw service.SignatureErrors.UnknownKey;
            SigV4.VerifyHead(claim, head, credential.Secret, clock.Wall.GetUtcNow());
            return null;
        }
        catch (SignatureException failure)
        {
            refusal = Refusal(failure, service.SignatureErrors);
        }
        catch (AwsException failure)
        {
            refusal = failure;
        }
        metrics.Answered(null, null, refusal.Code, began);
        return service.Codec.WriteError(refusal, Ids.Uuid());
    }

    /// <summary>Refuses a request for whose body there was no memory in time, in the words of its service.</summary>
    /// <param name="request">Without its body.</param>
    public WireResponse Throttle(WireRequest request)
    {
        const string Message = "More comes in at once than there is memory for. Try again, with growing pauses.";
        var began = clock.GetTimestamp();
        var service = table.Service("ec2")!;
        string? known = null;
        try
        {
            ReadClaim(request, ref service);
            known = service.Name;
        }
        catch (AwsException)
        {
            // Whatever else is wrong with it is told when there is room to read it.
        }
        var refusal = service.Name switch
        {
            "ebs" => EbsError.Throttled(Message),
            "ec2" => new AwsException("RequestLimitExceeded", 503, Message),
            _ => new AwsException("ThrottlingException", 400, Message),
        };
        metrics.Answered(known, null, refusal.Code, began);
        return service.Codec.WriteError(refusal, Ids.Uuid());
    }

    private SignatureClaim ReadClaim(WireRequest request, ref ServiceEntry service)
    {
        var claim = ClaimOf(request);
        if (claim is null)
        {
            // Nobody says which service is meant; the envelope is guessed from what the request looks like.
            if (request.Header("x-amz-target") is not null)
                service = OperationTable.Missing("", request);
            throw service.SignatureErrors.Missing;
        }
        if (table.Service(claim.Service) is { } known)
        {
            service = known;
            return claim;
        }
        service = OperationTable.Missing(claim.Service, request);
        throw new AwsException("UnsupportedOperation", 400,
            $"Kiln has no service '{claim.Service}'. docs/operations.md lists the services it has.");
    }

    private static SignatureClaim? ClaimOf(WireRequest request)
    {
        try
        {
            return SigV4.ReadClaim(request);
        }
        catch (SignatureException malformed)
        {
            throw new AwsException("IncompleteSignature", 400, malformed.Message);
        }
    }

    private async Task<Verified> Verify(
        SignatureClaim claim, WireRequest request, ServiceEntry service, CancellationToken cancel)
    {
        var errors = service.SignatureErrors;
        var credential = await credentials.Find(claim.AccessKeyId, cancel) ?? throw errors.UnknownKey;
        string hash;
        try
        {
            hash = SigV4.Verify(claim, request, credential.Secret, clock.Wall.GetUtcNow());
            request = AwsChunkedBody.Decode(claim, request, credential.Secret, request.Body.Length);
        }
        catch (SignatureException failure)
        {
            throw Refusal(failure, errors);
        }
        if (credential.SessionTokenDigest is null && claim.SessionToken is not null && !credential.TakesAnyToken)
            throw errors.UnknownKey;
        if (credential.SessionTokenDigest is { } digest
            && (claim.SessionToken is null || !CryptographicOperations.FixedTimeEquals(
                Encoding.ASCII.GetBytes(Credentials.TokenDigest(claim.SessionToken)), Encoding.ASCII.GetBytes(digest))))
            throw errors.UnknownKey;
        if (credential.ExpiresAt is { } end && end <= clock.GetUtcNow())
            throw errors.SessionExpired;
        return new Verified(credential.Caller, request, hash.Length == 64 ? Convert.FromHexString(hash) : default);
    }

    private static AwsException Refusal(SignatureException failure, SignatureErrors errors) => failure.Reason switch
    {
        SignatureFailure.Expired or SignatureFailure.NotYetValid => errors.Expired,
        SignatureFailure.Malformed or SignatureFailure.MalformedBody =>
            new AwsException("IncompleteSignature", 400, failure.Message),
        _ => errors.Mismatch,
    };

    private static OperationEntry Find(WireRequest request, ServiceEntry service)
    {
        var name = service.Codec.OperationName(request)
            ?? throw new AwsException("MissingAction", 400, "The request names no operation.");
        if (service.Operations.TryGetValue(name, out var operation))
            return operation;
        throw KnownOperations.Contains(service.Name, name)
            ? new AwsException("UnsupportedOperation", 400,
                $"{name} is an operation of AWS that Kiln does not have. docs/operations.md lists what it has.")
            : new AwsException("InvalidAction", 400, $"The action {name} is not valid for this web service.");
    }

    private async Task<WireResponse> Run(
        ServiceEntry service, OperationEntry operation, object input, Call first, CancellationToken cancel)
    {
        var token = operation.ClientToken(input);
        using var turn = _turns.Of(first.AccountId);
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = scopes.CreateAsyncScope();
            var call = first.With(scope.ServiceProvider.GetRequiredService<Authorization>());
            try
            {
                var db = scope.ServiceProvider.GetRequiredService<Db>();
                return string.IsNullOrEmpty(token) || call.DryRun
                    ? service.Codec.Write(await operation.Handle(scope.ServiceProvider, input, call, cancel),
                        operation.Shape, call.RequestId)
                    : await db.InTransaction(
                        () => Once(db, service, operation, scope.ServiceProvider, input, token, call, cancel), cancel);
            }
            catch (Exception conflict) when (attempt < AttemptsMax && DbErrors.IsConflict(conflict))
            {
                LogAgain(operation.Shape.Name, attempt);
                await turn.Take(cancel);
            }
        }
    }

    /// <summary>Runs an operation with a client token, or answers as the first time. One transaction.</summary>
    private async Task<WireResponse> Once(
        Db db, ServiceEntry service, OperationEntry operation, IServiceProvider services,
        object input, string token, Call call, CancellationToken cancel)
    {
        var digest = Digest(input);
        var kept = await db.IdempotentAnswers.AsNoTracking().SingleOrDefaultAsync(a =>
            a.AccountId == call.AccountId && a.Region == call.Region
                && a.Action == call.Action && a.Token == token, cancel);
        if (kept is not null && clock.GetUtcNow() - kept.AnsweredAt < IdempotentAnswer.Lifetime)
            return kept.RequestDigest == digest ? Replay(kept, call.RequestId) : throw Mismatch(service.Name);
        if (kept is not null)
        {
            await db.IdempotentAnswers.Where(a => a.AccountId == call.AccountId && a.Region == call.Region
                && a.Action == call.Action && a.Token == token).ExecuteDeleteAsync(cancel);
        }

        var output = await operation.Handle(services, input, call, cancel);
        var answer = service.Codec.Write(output, operation.Shape, call.RequestId);
        db.Add(new IdempotentAnswer
        {
            AccountId = call.AccountId,
            Region = call.Region,
            Action = call.Action,
            Token = token,
            RequestDigest = digest,
            RequestId = call.RequestId,
            Status = answer.Status,
            ContentType = answer.ContentType,
            Body = answer.Body.ToArray(),
            AnsweredAt = clock.GetUtcNow(),
        });
        await db.SaveChangesAsync(cancel);
        return answer;
    }

    private static string Digest(object input) => Convert.ToHexStringLower(
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(input, input.GetType())));

    private static WireResponse Replay(IdempotentAnswer kept, string requestId) => new()
    {
        Status = kept.Status,
        ContentType = kept.ContentType,
        Body = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(kept.Body).Replace(kept.RequestId, requestId, StringComparison.Ordinal)),
    };

    private static AwsException Mismatch(string service) => service == "ebs"
        ? new AwsException("ConflictException", 409, "The client token was used before with other parameters.")
        : new AwsException("IdempotentParameterMismatch", 400,
            "The client token was used before with other parameters. Use a new token for a new request.");

    private static AwsException UnstorableText(ServiceEntry service)
    {
        var code = service.Name switch
        {
            "ec2" => "InvalidParameterValue",
            "sts" or "iam" or "autoscaling" => "ValidationError",
            _ => "ValidationException",
        };
        return new AwsException(code, 400, "A value holds the character U+0000, which no parameter may have.");
    }

    private AwsException UnknownRegion(ServiceEntry service, string region) => service.Name == "ec2"
        ? new AwsException("AuthFailure", 401,
            $"The Region '{region}' is not enabled here. Enabled: {options.Regions}. "
            + "Start Kiln with --regions to change that.")
        : new AwsException("InvalidSignatureException", 403,
            $"The Region '{region}' is not enabled here. Enabled: {options.Regions}.");

    /// <summary>A request whose signature holds, with its chunks put together.</summary>
    private readonly record struct Verified(Caller Caller, WireRequest Request, byte[]? BodySha256);

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} failed")]
    private partial void LogFailed(Exception bug, string requestId);

    [LoggerMessage(
        Level = LogLevel.Debug, Message = "{Operation} runs again: its rows changed meanwhile (attempt {Attempt})")]
    private partial void LogAgain(string operation, int attempt);
}
