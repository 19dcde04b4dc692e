using System.Reflection;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Shapes;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Calls;

/// <summary>One operation of the table: its shape, and how to make and run it.</summary>
public sealed class OperationEntry
{
    private readonly ObjectFactory _factory;
    private readonly Func<object, object, Call, CancellationToken, Task<object>> _handle;

    internal OperationEntry(Type type)
    {
        Type = type;
        var attribute = type.GetCustomAttribute<OperationAttribute>()!;
        var contract = type.GetInterfaces().Single(
            i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IOperation<,>)).GetGenericArguments();
        var rest = type.GetCustomAttribute<RestAttribute>();
        Service = attribute.Service;
        Shape = new OperationShape(attribute.Name, contract[0], contract[1])
        {
            Method = rest?.Method,
            UriTemplate = rest?.UriTemplate,
            SuccessStatus = rest?.Status ?? 200,
        };
        ClientToken = TextProperty(contract[0], nameof(ClientToken));
        DryRun = contract[0].GetProperty(nameof(DryRun)) is { } dryRun
            ? request => dryRun.GetValue(request) is true
            : _ => false;
        _factory = ActivatorUtilities.CreateFactory(type, []);
        _handle = typeof(OperationEntry).GetMethod(nameof(Invoke), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(contract).CreateDelegate<Func<object, object, Call, CancellationToken, Task<object>>>();
    }

    /// <summary>The operation's class.</summary>
    public Type Type { get; }

    /// <summary>The service's signing name.</summary>
    public string Service { get; }

    /// <summary>Name, records and HTTP binding.</summary>
    public OperationShape Shape { get; }

    /// <summary>Reads the request's client token; null where the operation has none.</summary>
    internal Func<object, string?> ClientToken { get; }

    /// <summary>Whether the request is a dry run.</summary>
    internal Func<object, bool> DryRun { get; }

    /// <summary>Makes the operation with the scope's services and runs it.</summary>
    public Task<object> Handle(IServiceProvider services, object request, Call call, CancellationToken cancel) =>
        _handle(_factory(services, null), request, call, cancel);

    private static async Task<object> Invoke<TRequest, TResponse>(
        object operation, object request, Call call, CancellationToken cancel)
        where TRequest : class
        where TResponse : class =>
        await ((IOperation<TRequest, TResponse>)operation).Handle((TRequest)request, call, cancel);

    private static Func<object, string?> TextProperty(Type type, string name) =>
        type.GetProperty(name) is { } property && property.PropertyType == typeof(string)
            ? request => (string?)property.GetValue(request)
            : _ => null;
}
