using Kiln.Protocol.Errors;
using Kiln.Service.Iam.Policies;

namespace Kiln.Service.Calls;

/// <summary>One call under way: who, where, which operation, and whether it is only a rehearsal.</summary>
public sealed class Call
{
    /// <summary>Who calls.</summary>
    public required Caller Caller { get; init; }

    /// <summary>The caller's account, which owns what the call makes.</summary>
    public string AccountId => Caller.AccountId;

    /// <summary>The Region that the signature's scope names.</summary>
    public required string Region { get; init; }

    /// <summary>The service's signing name, e.g. <c>ec2</c>.</summary>
    public required string Service { get; init; }

    /// <summary>The operation's name, e.g. <c>CreateImage</c>.</summary>
    public required string Operation { get; init; }

    /// <summary>The id that the answer carries.</summary>
    public required string RequestId { get; init; }

    /// <summary>Whether DryRun was asked for: the call ends once it is authorised.</summary>
    public bool DryRun { get; init; }

    /// <summary>The peer's address, for the policy key aws:SourceIp and the log.</summary>
    public string SourceAddress { get; init; } = "";

    /// <summary>The request's Prefer header (RFC 7240): wishes that an operation may grant.</summary>
    public string? Prefer { get; init; }

    /// <summary>Condition keys of this request for policies, e.g. <c>aws:RequestTag/…</c>. Set before
    /// authorising.</summary>
    public PolicyContext Context { get; } = new();

    private readonly Dictionary<string, PolicyContext> _resources = [];

    private readonly List<(string Action, string Resource)> _tagged = [];

    /// <summary>Condition keys of one resource, e.g. <c>ec2:Owner</c>, to be set before authorising.</summary>
    /// <param name="resource">The ARN as it will be given to <see cref="Authorize"/>.</param>
    public PolicyContext About(string resource)
    {
        if (!_resources.TryGetValue(resource, out var context))
            _resources[resource] = context = new PolicyContext();
        return context;
    }

    internal PolicyContext? ContextOf(string resource) => _resources.GetValueOrDefault(resource);

    /// <summary>The SHA-256 of the request's body where checking the signature made it; else empty.</summary>
    public ReadOnlyMemory<byte> BodySha256 { get; init; }

    internal Iam.Authorization? Authorization { get; init; }

    /// <summary>The same call with the policies' judge of one attempt.</summary>
    internal Call With(Iam.Authorization authorization) => new()
    {
        Caller = Caller,
        Region = Region,
        Service = Service,
        Operation = Operation,
        RequestId = RequestId,
        DryRun = DryRun,
        SourceAddress = SourceAddress,
        Prefer = Prefer,
        BodySha256 = BodySha256,
        Authorization = authorization,
    };

    /// <summary>The same caller at another service's operation, which authorises it for itself.</summary>
    public Call As(string service, string operation) => new()
    {
        Caller = Caller,
        Region = Region,
        Service = service,
        Operation = operation,
        RequestId = RequestId,
        SourceAddress = SourceAddress,
        Authorization = Authorization,
    };

    /// <summary>The action as IAM names it, e.g. <c>ec2:CreateImage</c>.</summary>
    public string Action => $"{Service}:{Operation}";

    /// <summary>
    /// Refuses a caller whose policies do not allow this operation on each of these resources, and ends a dry run.
    /// Called once by every operation, when it has found what the request names: before anything changes, and before
    /// it looks at states, which are nobody's to learn who may not change them.
    /// </summary>
    /// <param name="resources">ARNs; none means <c>*</c>, for actions without resource-level permission.</param>
    /// <exception cref="AwsException">UnauthorizedOperation (403), or AccessDenied in other services;
    /// DryRunOperation (412) where the call would have gone ahead.</exception>
    public async Task Authorize(params IReadOnlyList<string> resources)
    {
        await Require(resources);
        foreach (var (action, resource) in _tagged)
            await Require(action, [resource]);
        EndDryRun();
    }

    /// <summary>As <see cref="Authorize"/> for some of the resources, while others are still to be found.</summary>
    /// <exception cref="AwsException">UnauthorizedOperation (403), or AccessDenied in other services.</exception>
    public Task Require(params IReadOnlyList<string> resources) =>
        Require(Action, resources.Count > 0 ? resources : ["*"]);

    /// <summary>Says that the operation gives tags to what it makes, which is a right of its own.</summary>
    /// <param name="resource">The ARN of what is made, as it will be given to <see cref="Authorize"/>.</param>
    /// <param name="action">The right.</param>
    /// <returns>What policies see of that resource, for the tags to be told to.</returns>
    public PolicyContext WillTag(string resource, string action = "ec2:CreateTags")
    {
        _tagged.Add((action, resource));
        return About(resource).Set("ec2:CreateAction", Operation);
    }

    /// <summary>Whether the caller may do an action on all these resources, also one that is not this
    /// operation.</summary>
    public async Task<bool> MayAsync(string action, params IReadOnlyList<string> resources) =>
        await FirstDenied(action, resources.Count > 0 ? resources : ["*"]) is null;

    private async Task Require(string action, IReadOnlyList<string> resources)
    {
        if (await FirstDenied(action, resources) is { } denied)
            throw Denied(action, denied.Resource, denied.IsExplicit);
    }

    private async Task<(string Resource, bool IsExplicit)?> FirstDenied(
        string action, IReadOnlyList<string> resources) =>
        Caller.IsRoot || Authorization is null ? null
            : await Authorization.FirstDenied(Caller, action, resources, this);

    private void EndDryRun()
    {
        if (DryRun)
            throw new AwsException("DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set.");
    }

    /// <summary>The refusal in the words of the service that is called.</summary>
    public AwsException Denied(string action, string resource, bool isExplicit = false) => Service switch
    {
        "ec2" => new AwsException("UnauthorizedOperation", 403,
            $"You are not authorized to perform this operation. User: {Caller.Arn} is not authorized to perform: " +
            $"{action} on resource: {resource} {Reason(action, isExplicit)}"),
        "sts" or "iam" or "autoscaling" => new AwsException("AccessDenied", 403,
            $"User: {Caller.Arn} is not authorized to perform: {action} on resource: {resource}"),
        _ => new AwsException("AccessDeniedException", Service is "kms" or "ssm" or "config" or "events" ? 400 : 403,
            $"User: {Caller.Arn} is not authorized to perform: {action} on resource: {resource} " +
            Reason(action, isExplicit)),
    };

    private static string Reason(string action, bool isExplicit) => isExplicit
        ? "with an explicit deny in an identity-based policy"
        : $"because no identity-based policy allows the {action} action";
}
